import type { InstanceLog } from './instance-log.ts';
import { InstanceReader } from './instance-reader.ts';
import { mergeByTime } from './merge.ts';
import type { LogLine, LogReadOptions } from './types.ts';

export interface ReadableLogs {
  logs(): readonly InstanceLog[];
  /** The run may still write. */
  isActive(log: InstanceLog, run: number): boolean;
  /** Calls after every write, until the returned function is called. */
  onWritten(callback: () => void): () => void;
}

/**
 * Reads what is on disk, and then what is added. A reader has a place in the files and no queue: one that is slow
 * costs no memory, and nothing is read twice or left out when a file is rotated or compressed meanwhile.
 */
export async function* readLogs(
  source: ReadableLogs,
  options: LogReadOptions,
): AsyncGenerator<readonly LogLine[]> {
  const { services, instance, lines, follow, since = -Infinity, signal } = options;
  const isWanted = (log: InstanceLog) =>
    (services?.includes(log.service) ?? true) && (instance === undefined || log.instance === instance);
  const readers = new Map<InstanceLog, InstanceReader>();
  for (const log of source.logs().filter(isWanted))
    readers.set(log, await InstanceReader.open(log, { lines, since }));
  const isActive = (log: InstanceLog) => (run: number) => follow && source.isActive(log, run);
  const past = [...readers].map(([log, reader]) => reader.past(isActive(log)));
  const found = [...readers.values()].reduce((sum, { linesAhead }) => sum + linesAhead, 0);
  try {
    // What is wanted as a whole need not be kept until its end is known.
    yield* last(found <= lines ? Infinity : lines, since, mergeByTime(past), signal);
    if (follow) yield* followed(source, isWanted, readers, options);
  } finally {
    for (const reader of readers.values()) await reader.close();
  }
}

async function* followed(
  source: ReadableLogs,
  isWanted: (log: InstanceLog) => boolean,
  readers: Map<InstanceLog, InstanceReader>,
  { since = -Infinity, signal }: LogReadOptions,
): AsyncGenerator<readonly LogLine[]> {
  const bell = new Bell();
  const unsubscribe = source.onWritten(() => bell.ring());
  const onAbort = () => bell.ring();
  signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      if (signal?.aborted) return;
      bell.reset();
      for (const log of source.logs())
        if (isWanted(log) && !readers.has(log)) readers.set(log, InstanceReader.fromStart(log));
      let hasMore = false;
      for (const reader of readers.values()) {
        const batch = await reader.next();
        if (signal?.aborted) return;
        hasMore ||= batch.length > 0;
        yield batch.filter(({ time }) => time >= since);
      }
      if (!hasMore && !signal?.aborted) await bell.rung;
    }
  } finally {
    unsubscribe();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The last `count` of what comes. */
async function* last(
  count: number,
  since: number,
  batches: AsyncIterable<readonly LogLine[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly LogLine[]> {
  let kept: LogLine[] = [];
  for await (const batch of batches) {
    if (signal?.aborted) return;
    const lines = batch.filter(({ time }) => time >= since);
    if (count === Infinity) {
      yield lines;
      continue;
    }
    for (const line of lines) kept.push(line);
    if (kept.length >= 2 * count + 1000) kept = kept.slice(kept.length - count);
  }
  if (count > 0 && count !== Infinity) yield kept.slice(-count);
}

/** Something has happened since it was last looked. */
class Bell {
  #resolve!: () => void;
  rung!: Promise<void>;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.rung = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  ring(): void {
    this.#resolve();
  }
}
