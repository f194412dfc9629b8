import { ExitCode, formatDuration, formatSize, messageOf } from '@mainstay/core';
import { truncate } from '@mainstay/service/terminal';
import type { AgentClient, AgentInfo } from '@mainstay/agent';
import type { ServiceView } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { renderRows } from '../../services/columns.ts';
import { instanceRows, type InstanceRow } from '../../services/instance-row.ts';
import { LiveScreen } from '../../services/live-screen.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { infoOf } from './ps.ts';

export interface TopOptions extends AgentOptions {
  /** Milliseconds between two looks. @default 2_000 */
  readonly interval?: number;
  readonly sort: TopOrder;
  /** Looks before it ends; undefined: until q or Ctrl-C. */
  readonly count?: number;
}

const usualIntervalMs = 2000;

export const topOrders = ['cpu', 'memory', 'restarts', 'name'] as const;
export type TopOrder = (typeof topOrders)[number];

const weights: Readonly<Record<Exclude<TopOrder, 'name'>, (row: InstanceRow) => number>> = {
  cpu: ({ instance }) => instance?.cpuPercent ?? -1,
  memory: ({ instance }) => instance?.memoryBytes ?? -1,
  restarts: ({ instance }) => instance?.restarts ?? -1,
};

/** A live table on a terminal; elsewhere a table, or with `--json` a line, for each look. */
export async function top(context: CliContext, options: TopOptions): Promise<number> {
  const agent = agentFor(context, options);
  const { out } = context.output;
  const looks = options.count ?? (out.isTTY && !options.json ? Infinity : 1);
  if (!out.isTTY || options.json) {
    for (let look = 1; look <= looks; look += 1) {
      if (look > 1) await pause(options.interval ?? usualIntervalMs);
      const services = await agent.services();
      if (options.json) out.write(`${JSON.stringify({ at: Date.now(), services })}\n`);
      else out.write(`${bodyOf(services, options.sort, Infinity, context).join('\n')}\n`);
    }
    return ExitCode.ok;
  }
  return await live(context, agent, options, looks);
}

async function live(
  context: CliContext,
  agent: AgentClient,
  options: TopOptions,
  looks: number,
): Promise<number> {
  const { out } = context.output;
  const screen = new LiveScreen(out, process.stdout, process.stdin);
  let { sort } = options;
  screen.onKey((key) => {
    const order = topOrders.find(([first]) => first === key);
    if (order) sort = order;
    screen.wake();
  });
  try {
    // The first look fails as any command does; a later one says so, and goes on: the agent may be restarting.
    let info = await agent.agent();
    let services = await agent.services();
    let failure: string | undefined;
    for (let look = 1; look <= looks && !screen.isLeft; look += 1) {
      screen.draw((width, height) => [
        truncate(failure ?? headOf(info), width),
        '',
        ...fitting(bodyOf(services, sort, width, context), height - frameLines),
        '',
        out.style.dim(truncate('q quits; order by (c)pu, (m)emory, (r)estarts, (n)ame', width)),
      ]);
      await screen.pause(options.interval ?? usualIntervalMs);
      try {
        [info, services] = await Promise.all([agent.agent(), agent.services()]);
        failure = undefined;
      } catch (error) {
        failure = messageOf(error);
      }
    }
  } finally {
    screen.close();
  }
  return ExitCode.ok;
}

/** Lines above and below the table. */
const frameLines = 4;

/** So many lines at most; the last one says how many there are more. */
function fitting(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  const shown = Math.max(1, room - 1);
  return [...lines.slice(0, shown), `… and ${lines.length - shown} more`];
}

function headOf({ version, pid, startedAt, services, rssBytes }: AgentInfo): string {
  const uptime = formatDuration(Date.now() - startedAt);
  return `Mainstay agent ${version} (pid ${pid}), up ${uptime}, ${formatSize(rssBytes)}; ${services} services`;
}

function bodyOf(
  services: readonly ServiceView[],
  sort: TopOrder,
  width: number,
  { output }: CliContext,
): string[] {
  const rows = instanceRows(services);
  const weight = sort === 'name' ? undefined : weights[sort];
  const ordered = weight ? rows.toSorted((a, b) => weight(b) - weight(a)) : rows;
  const table = renderRows(ordered, { title: 'INFO', cell: infoOf }, width, output.out.style);
  return [table.header, ...table.lines];
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
