import { agentStatus, type AgentStatus } from '@mainstay/agent';
import { ExitCode, formatDuration, formatSize } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { socketOf } from '../../services/agent-facts.ts';
import { leadsInto } from './client-link.ts';
import { targetOf, type AgentCommandOptions, type AgentTarget } from './target.ts';

/** Exit codes as those of every service's `status`; 1 when the service manager says that it runs, and it does not answer. */
export async function agentStatusCommand(context: CliContext, options: AgentCommandOptions): Promise<number> {
  const { out } = context.output;
  const target = await targetOf(context, options);
  const status = await agentStatus(target);
  const command = await commandOf(target);
  if (options.json) {
    const { service, agent, version, problem } = status;
    const report = {
      service,
      installedVersion: version ?? null,
      agent: agent ?? null,
      problem: problem ?? null,
    };
    out.write(
      `${JSON.stringify({ ...report, socket: socketOf(target.directories), command: command ?? null })}\n`,
    );
  } else out.write(`${textOf(status, target, command, out.style.bold)}\n`);
  return exitCodeFor(status);
}

async function commandOf({ link, folder }: AgentTarget): Promise<string | undefined> {
  return link !== undefined && (await leadsInto(link, folder)) ? link : undefined;
}

function exitCodeFor({ service: { state }, agent }: AgentStatus): number {
  if (agent) return ExitCode.ok;
  if (state === 'not-installed') return ExitCode.notInstalled;
  return state === 'stopped' || state === 'failed' ? ExitCode.notRunning : ExitCode.failed;
}

function textOf(
  { service, agent, version, problem }: AgentStatus,
  { directories }: AgentTarget,
  command: string | undefined,
  bold: (text: string) => string,
): string {
  const head = `${bold(service.name)} is ${service.state}`;
  const lines: readonly (readonly [label: string, text: string | undefined])[] = [
    ['Says', service.text],
    ['Problem', service.state === 'running' ? problem : undefined],
    ['Pid', service.pid?.toString()],
    [
      'Version',
      agent && version !== undefined && agent.version !== version
        ? `${agent.version}; ${version} is installed`
        : (agent?.version ?? version),
    ],
    ['Uptime', agent && formatDuration(Math.max(0, Date.now() - agent.startedAt))],
    ['Services', agent?.services.toString()],
    ['Memory', agent && formatSize(agent.rssBytes)],
    ['Holds services by', agent?.containment],
    ['Restarts', service.restarts?.toString()],
    ['Autostart', service.state === 'not-installed' ? undefined : service.enabled ? 'yes' : 'no'],
    ['Definition', service.definition],
    ['Socket', agent && socketOf(directories)],
    ['State', agent?.directories.state],
    ['Logs', agent?.directories.logs],
    ['Command', command],
  ];
  const told = lines.filter(
    (line): line is readonly [string, string] => line[1] !== undefined && line[1] !== '',
  );
  const rows = told.map(([label, text]) => `  ${`${label}:`.padEnd(20)}${printable(text)}`);
  const hint = service.state === 'not-installed' ? ['  Install it with `mainstay agent install`'] : [];
  return [head, ...rows, ...hint].join('\n');
}
