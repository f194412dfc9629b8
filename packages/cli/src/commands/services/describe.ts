import { ExitCode, formatDuration, formatSize } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import type { InstanceView, ProbeRules, ServiceDeclaration, ServiceView } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { labelOf } from '../../services/instance-row.ts';
import { checkNames, wholeServices } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

type Line = readonly [label: string, text: string | undefined];

/** Everything that is known of one service: what it was told to be, and how it is. */
export async function describe(context: CliContext, name: string, options: AgentOptions): Promise<number> {
  const agent = agentFor(context, options);
  checkNames(wholeServices([name], 'describe'), await agent.services());
  const detail = await agent.service(name);
  const { out } = context.output;
  if (options.json) {
    out.write(`${JSON.stringify(detail)}\n`);
    return ExitCode.ok;
  }
  const { service, declaration } = detail;
  const parts = [
    section(out.style.bold(service.name), declared(service, declaration)),
    ...service.instances.map((instance) =>
      section(out.style.bold(labelOf(service, instance.instance)), lived(instance, declaration)),
    ),
  ];
  out.write(`${parts.join('\n\n')}\n`);
  return ExitCode.ok;
}

function section(title: string, lines: readonly Line[]): string {
  const told = lines.filter(
    (line): line is readonly [string, string] => line[1] !== undefined && line[1] !== '',
  );
  const width = Math.max(...told.map(([label]) => label.length));
  return [title, ...told.map(([label, text]) => `  ${label.padEnd(width)}  ${printable(text)}`)].join('\n');
}

function declared({ state, wanted, runner, waitsFor }: ServiceView, declaration: ServiceDeclaration): Line[] {
  const { program, cwd, user, restart, limits, dependsOn, listen, logs, stop, health } = declaration;
  return [
    ['State', state],
    ['Command', [program.command, ...program.args].map(quoted).join(' ')],
    ['Folder', cwd],
    ['User', user],
    ['Runner', runner],
    ['Instances', String(wanted)],
    ['Listens', listen.map(({ name, host, port }) => `${name} ${host}:${port}`).join(', ')],
    ['Depends on', dependsOn.map(({ service, condition }) => `${service} (${condition})`).join(', ')],
    ['Waits for', waitsFor.join(', ')],
    [
      'Restart',
      `${restart.policy}, back-off ${formatDuration(restart.backoffMinMs)} to ${formatDuration(restart.backoffMaxMs)}${restart.schedule === undefined ? '' : `, scheduled ${restart.schedule}`}`,
    ],
    ['Stop', `${stopPhrase(stop.by)}, killed after ${formatDuration(stop.graceMs)}`],
    ...Object.entries(health).map(([kind, probe]: [string, ProbeRules | undefined]): Line => [
      `Probe: ${kind}`,
      probe && probePhrase(probe),
    ]),
    ['Memory', bounds(limits.memorySoftBytes, limits.memoryHardBytes)],
    ['CPU', limits.cpuPercent === undefined ? undefined : `at most ${limits.cpuPercent}% of a core`],
    ['Processes', limits.processes === undefined ? undefined : `at most ${limits.processes}`],
    ['Open files', limits.openFiles === undefined ? undefined : `at most ${limits.openFiles}`],
    ['Logs', `rotated at ${formatSize(logs.rotateBytes)}, ${logs.keep} kept`],
  ];
}

function stopPhrase(by: ServiceDeclaration['stop']['by']): string {
  switch (by.type) {
    case 'ipc':
      return 'by the SDK (IPC)';
    case 'signal':
      return by.signal;
    case 'stdin':
      return 'by a line on standard input';
    case 'command':
      return by.command.map(quoted).join(' ');
    case 'http':
      return `POST ${by.url}`;
    case 'window':
      return 'by closing its windows';
  }
}

/** `http http://localhost/health, every 30s, 3 failures in a row count`. */
function probePhrase({ target, intervalMs, failures }: ProbeRules): string {
  const count = failures === 1 ? '1 failure counts' : `${failures} failures in a row count`;
  return `${targetPhrase(target)}, every ${formatDuration(intervalMs)}, ${count}`;
}

function targetPhrase(target: ProbeRules['target']): string {
  switch (target.type) {
    case 'http':
      return `http ${target.url}`;
    case 'tcp':
      return `tcp ${target.host}:${target.port}`;
    case 'exec':
      return `exec ${target.command.map(quoted).join(' ')}`;
    case 'heartbeat':
      return 'heartbeat';
    case 'loop-delay':
      return `loop delay of at most ${formatDuration(target.maxMs)}`;
  }
}

function lived(instance: InstanceView, declaration: ServiceDeclaration): Line[] {
  const { phase, reason, pid, run, uptimeMs, restarts, text, lastEnd, probes } = instance;
  const causes = Object.entries(instance.restartsByCause).map(([cause, count]) => `${cause} ${count}`);
  return [
    ['State', reason === undefined ? phase : `${phase}: ${reason}`],
    ['Pid', pid === undefined ? undefined : `${pid} (run ${run})`],
    ['Uptime', uptimeMs === undefined ? undefined : formatDuration(uptimeMs)],
    ['Restarts', causes.length === 0 ? String(restarts) : `${restarts} (${causes.join(', ')})`],
    [
      'Next start',
      instance.nextStartAt === undefined ? undefined : new Date(instance.nextStartAt).toLocaleString(),
    ],
    ['Status', text],
    ['Memory', instance.memoryBytes === undefined ? undefined : formatSize(instance.memoryBytes)],
    ['CPU', instance.cpuPercent === undefined ? undefined : `${instance.cpuPercent.toFixed(1)}%`],
    ['Processes', instance.processes?.toString()],
    ['Open files', openFiles(instance.openFiles, declaration.limits.openFiles)],
    ...Object.entries(probes).map(([kind, { ok, detail, failuresInRow }]): Line => [
      `Probe: ${kind}`,
      ok ? detail : `${detail} (${failuresInRow} failed in a row)`,
    ]),
    ['Last end', lastEnd && ended(lastEnd)],
    ...(lastEnd?.lastLines ?? []).map((line, index): Line => [index === 0 ? 'Last output' : '', line]),
  ];
}

function ended(end: NonNullable<InstanceView['lastEnd']>): string {
  const how =
    end.error ??
    (end.signal === undefined ? `exit code ${end.exitCode ?? 'unknown'}` : `signal ${end.signal}`);
  const more = [
    end.outOfMemory && 'out of memory',
    end.forced && 'forced',
    end.endedFor && `for ${end.endedFor}`,
  ];
  return [`${how} after ${formatDuration(end.uptimeMs)}`, ...more.filter(Boolean)].join(', ');
}

function bounds(soft: number | undefined, hard: number | undefined): string | undefined {
  const said = [
    soft !== undefined && `soft ${formatSize(soft)}`,
    hard !== undefined && `hard ${formatSize(hard)}`,
  ];
  return said.some(Boolean) ? said.filter(Boolean).join(', ') : undefined;
}

function openFiles(used: number | undefined, limit: number | undefined): string | undefined {
  if (used === undefined) return undefined;
  return limit === undefined ? String(used) : `${used} of ${limit}`;
}

/** As a shell would need it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
