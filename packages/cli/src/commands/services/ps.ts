import { ExitCode, formatDuration } from '@mainstay/core';
import type { InstanceView, ServiceView } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { renderRows } from '../../services/columns.ts';
import { howItEnded } from '../../services/ended-text.ts';
import { instanceRows, type InstanceRow } from '../../services/instance-row.ts';
import { checkNames } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

/** Exit code 3 when a service that should run does not, as LSB's `status` has it. */
export async function ps(
  context: CliContext,
  names: readonly string[],
  options: AgentOptions,
): Promise<number> {
  const all = await agentFor(context, options).services();
  checkNames(names, all);
  const services = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  const { out } = context.output;
  if (options.json) out.write(`${JSON.stringify(services)}\n`);
  else if (services.length === 0) out.write('The agent has no services; `mainstay apply` gives it some\n');
  else printServices(context, services);
  return services.every(isWell) ? ExitCode.ok : ExitCode.notRunning;
}

/** The table, as wide as it needs where it does not go to a terminal. */
export function printServices({ output: { out } }: CliContext, services: readonly ServiceView[]): void {
  const width = out.isTTY ? out.columns : Infinity;
  const table = renderRows(instanceRows(services), { title: 'INFO', cell: infoOf }, width, out.style);
  out.write(`${[table.header, ...table.lines].join('\n')}\n`);
}

/** Why it is in its state, or what it says of itself. */
export function infoOf({ service, instance }: InstanceRow): string {
  if (service.waitsFor.length > 0) return `waits for ${service.waitsFor.join(', ')}`;
  if (!instance) return '';
  if (instance.phase === 'waiting') return instance.reason ?? comingStart(instance);
  const probe = [instance.probes.startup, instance.probes.readiness].find((each) => each?.ok === false);
  if (probe && (instance.phase === 'starting' || instance.phase === 'unready'))
    return `not ready: ${probe.detail}`;
  return instance.reason ?? instance.text;
}

/** `exit code 1; again in 28s`. */
function comingStart({ lastEnd, nextStartAt }: InstanceView): string {
  const how = lastEnd && howItEnded(lastEnd);
  const when = nextStartAt && `again in ${formatDuration(Math.max(0, nextStartAt - Date.now()))}`;
  return [how, when].filter(Boolean).join('; ');
}

function isWell({ state }: ServiceView): boolean {
  return state !== 'failed' && state !== 'parked' && state !== 'stopped';
}
