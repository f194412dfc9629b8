import type { Clock } from '@mainstay/core';
import {
  interleave,
  type KeptLine,
  type KeptOutput,
  type LogLine,
  type LogReadOptions,
} from '@mainstay/supervisor';

/** More lines than these are not held in memory to be put in order: who asks for more may get a few more than that. */
const orderedLines = 10_000;
/** How long the next line of the past may take, in ms; what comes later is new. */
const pastMs = 250;

export interface MergedLogs {
  /** Of the log store. */
  readonly own: AsyncIterable<LogLine>;
  readonly kept: KeptOutput;
  readonly lineOf: (line: KeptLine) => LogLine;
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
}

/** Lines of the agent's own logs and those that a service manager keeps, in the order of time. */
export async function* mergedLogs(
  { own, kept, lineOf, clock }: MergedLogs,
  { lines, follow }: Pick<LogReadOptions, 'lines' | 'follow'>,
): AsyncGenerator<LogLine> {
  const theirs: LogLine[] = [];
  for await (const line of kept.past()) theirs.push(lineOf(line));
  const rest = own[Symbol.asyncIterator]();
  const head = { pending: rest.next() };
  const ours = follow ? untilQuiet(rest, head, clock) : allOf(rest, head);
  if (lines > orderedLines) yield* merged(ours, theirs);
  else {
    const all: LogLine[] = [];
    for await (const line of merged(ours, theirs)) all.push(line);
    yield* all.slice(Math.max(0, all.length - lines));
  }
  if (!follow) return;
  const live = async function* (): AsyncGenerator<LogLine> {
    for await (const line of kept.live()) yield lineOf(line);
  };
  yield* interleave([allOf(rest, head), live()]);
}

interface Head {
  /** Asked for, and not taken yet. */
  pending: Promise<IteratorResult<LogLine>>;
}

async function* allOf(rest: AsyncIterator<LogLine>, head: Head): AsyncGenerator<LogLine> {
  try {
    for (let next = await head.pending; next.done !== true; next = await head.pending) {
      head.pending = rest.next();
      yield next.value;
    }
  } finally {
    head.pending.catch(() => undefined);
    // It may wait for a line that never comes: its own signal ends it.
    void rest.return?.()?.catch(() => undefined);
  }
}

/** What is there already; the line that is waited for stays pending. */
async function* untilQuiet(
  rest: AsyncIterator<LogLine>,
  head: Head,
  clock: MergedLogs['clock'],
): AsyncGenerator<LogLine> {
  const begun = clock.now();
  for (;;) {
    const quiet = Promise.withResolvers<undefined>();
    const timer = clock.setTimer(pastMs, () => quiet.resolve(undefined));
    const next = await Promise.race([head.pending, quiet.promise]);
    timer.clear();
    if (next === undefined || next.done === true) return;
    head.pending = rest.next();
    yield next.value;
    if (next.value.time >= begun) return;
  }
}

async function* merged(ours: AsyncIterable<LogLine>, theirs: readonly LogLine[]): AsyncGenerator<LogLine> {
  let at = 0;
  for await (const line of ours) {
    for (let other = theirs[at]; other && other.time < line.time; other = theirs[at]) {
      yield other;
      at += 1;
    }
    yield line;
  }
  yield* theirs.slice(at);
}
