import { ExitCode, formatDuration, type ServiceInfo } from '@mainstay/core';

import { printJson, targetOf, type CommandContext, type JsonOption, type TargetOptions } from './context.ts';
import { printable, type Style } from './terminal/index.ts';

export interface StatusOptions extends TargetOptions, JsonOption {}

/** LSB 5.0, "Init Script Actions": a paused or pending service has a process, so it is running. */
export function statusExitCode(state: ServiceInfo['state']): number {
  if (state === 'not-installed') return ExitCode.notInstalled;
  return state === 'stopped' || state === 'failed' ? ExitCode.notRunning : ExitCode.ok;
}

export async function status(context: CommandContext, options: StatusOptions): Promise<number> {
  const { manager, name } = await targetOf(context, options);
  const info = await manager.query(name);
  if (options.json) printJson(context, infoJson(info));
  else context.output.out.write(renderStatus(info, context.now(), context.output.out.style));
  return statusExitCode(info.state);
}

/** What `--json` prints of a service; times are ISO 8601, what is not known is null. */
export function infoJson(info: ServiceInfo): Readonly<Record<string, unknown>> {
  return {
    name: info.name,
    state: info.state,
    pid: info.pid ?? null,
    enabled: info.enabled,
    exitCode: info.exitCode ?? null,
    exitSignal: info.exitSignal ?? null,
    text: info.text,
    since: info.since === undefined ? null : new Date(info.since).toISOString(),
    restarts: info.restarts ?? null,
    definition: info.definition ?? null,
  };
}

function renderStatus(info: ServiceInfo, now: number, style: Style): string {
  const since =
    info.since === undefined || info.state === 'not-installed'
      ? ''
      : ` since ${new Date(info.since).toISOString()} (${formatDuration(Math.max(0, now - info.since))})`;
  const lines = [`${marker(info.state, style)} ${style.bold(info.name)} is ${info.state}${since}`];
  const row = (label: string, value: string | number | undefined) => {
    if (value !== undefined && value !== '') lines.push(`  ${`${label}:`.padEnd(12)}${value}`);
  };
  row('Says', printable(info.text));
  row('Pid', info.pid);
  row('Exit code', info.state === 'failed' ? info.exitCode : undefined);
  row('Signal', info.state === 'failed' ? info.exitSignal : undefined);
  row('Restarts', info.restarts);
  if (info.state !== 'not-installed') row('Autostart', info.enabled ? 'yes' : 'no');
  row('Definition', info.definition);
  if (info.state === 'not-installed') lines.push('  Run `install` first, or check --name and --user');
  if (info.state === 'failed') lines.push('  The reason is in `logs`');
  return `${lines.join('\n')}\n`;
}

function marker(state: ServiceInfo['state'], style: Style): string {
  if (state === 'running') return style.green('●');
  if (state === 'failed') return style.red('×');
  return state === 'stopped' || state === 'not-installed' ? style.dim('○') : style.yellow('◐');
}
