import type { LogQuery, ManagedEntry, ServiceManager } from '@mainstay/core';

import type { KeptLine, KeptOutput, RunId } from '../runner/types.ts';
import { interleave } from './interleave.ts';
import { unitNameOf } from './unit.ts';

type UnitId = Omit<RunId, 'run'>;

/** What units wrote, from where their manager keeps it: the journal, or their log files. */
export function keptOutput(
  manager: Pick<ServiceManager, 'logs' | 'entries'>,
  ids: readonly UnitId[],
  query: LogQuery,
): KeptOutput {
  const units = new Map(ids.map((id) => [unitNameOf(id), id]));
  const log = manager.entries?.([...units.keys()], query);
  if (!log) return fromFiles(manager, ids, query);
  const lineOf = ({ name, time, text }: ManagedEntry): KeptLine => {
    const { service = name, instance = 0 } = units.get(name) ?? {};
    return { service, instance, time, text };
  };
  return {
    past: async function* () {
      for await (const entry of log.past()) yield lineOf(entry);
    },
    live: async function* () {
      for await (const entry of log.live()) yield lineOf(entry);
    },
  };
}

function fromFiles(
  manager: Pick<ServiceManager, 'logs'>,
  ids: readonly UnitId[],
  query: LogQuery,
): KeptOutput {
  const read = async function* ({ service, instance }: UnitId, how: Pick<LogQuery, 'lines' | 'follow'>) {
    let time: number | undefined;
    for await (const text of manager.logs(unitNameOf({ service, instance }), { ...query, ...how })) {
      time = timeIn(text) ?? time;
      const line: KeptLine = { service, instance, time: time ?? Date.now(), text };
      if (query.since === undefined || line.time >= query.since) yield line;
    }
  };
  return {
    past: async function* () {
      const lines: KeptLine[] = [];
      for (const id of ids)
        for await (const line of read(id, { lines: query.lines, follow: false })) lines.push(line);
      // Stable: lines of one service stay in their order.
      lines.sort((one, other) => one.time - other.time);
      yield* lines.slice(Math.max(0, lines.length - query.lines));
    },
    live: () => interleave(ids.map((id) => read(id, { lines: 0, follow: true }))),
  };
}

/** A Mainstay service says when; what other programs write is as old as the line before it, as far as anybody knows. */
function timeIn(text: string): number | undefined {
  const found = /^\{"level":"\w+","time":"([\d:.TZ-]+)"/.exec(text);
  const time = Date.parse(found?.[1] ?? '');
  return Number.isNaN(time) ? undefined : time;
}
