import type { LogQuery, ManagedEntry, ManagedLog, ServiceScope } from '@mainstay/core';

import { messageText, runJournal } from './journal.ts';

/** journalctl's patience with an endless `--lines`, as a number of its own. */
const maxLines = 2 ** 31 - 1;

/**
 * What units wrote themselves, without what systemd says about them (systemd.journal-fields(7): `_SYSTEMD_UNIT` is the
 * writer's own unit). One journalctl reads for all of them.
 */
export function journalEntries(
  units: ReadonlyMap<string, string>,
  scope: ServiceScope,
  query: LogQuery,
): ManagedLog {
  const { signal, since } = query;
  // Where nothing was, what follows is all since now.
  const askedAt = Date.now();
  let cursor: string | undefined;
  const read = async function* (args: readonly string[]): AsyncGenerator<ManagedEntry> {
    for await (const line of runJournal([...args, ...matches([...units.keys()], scope)], signal)) {
      const record = parse(line);
      if (!record) continue;
      cursor = record.cursor;
      yield { name: units.get(record.unit) ?? record.unit, time: record.time, text: record.text };
    }
  };
  return {
    past: () => {
      const lines = Math.min(Math.max(0, Math.trunc(query.lines)), maxLines);
      return read([`--lines=${lines}`, ...(since === undefined ? [] : [`--since=@${since / 1000}`])]);
    },
    live: () => {
      const from = cursor === undefined ? `--since=@${askedAt / 1000}` : `--after-cursor=${cursor}`;
      // Without a number it would begin with the last ten only.
      return read(['--follow', '--lines=all', from]);
    },
  };
}

/** Different values of one field are alternatives (journalctl(1)). */
function matches(units: readonly string[], scope: ServiceScope): string[] {
  const field = scope === 'user' ? '_SYSTEMD_USER_UNIT' : '_SYSTEMD_UNIT';
  return [
    ...(scope === 'user' ? ['--user'] : []),
    '--no-pager',
    '--output=json',
    `--output-fields=MESSAGE,${field}`,
    '--all',
    '--quiet',
    ...units.map((unit) => `${field}=${unit}`),
  ];
}

interface JournalRecord {
  readonly cursor: string;
  readonly unit: string;
  readonly time: number;
  readonly text: string;
}

/** Undefined for what is no entry. Time is in microseconds there. */
function parse(line: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const unit = record['_SYSTEMD_USER_UNIT'] ?? record['_SYSTEMD_UNIT'];
    const cursor = record['__CURSOR'];
    if (typeof unit !== 'string' || typeof cursor !== 'string') return undefined;
    const time = Math.floor(Number(record['__REALTIME_TIMESTAMP']) / 1000);
    return { cursor, unit, time, text: messageText(record['MESSAGE']) };
  } catch {
    return undefined;
  }
}
