import type { LogLine } from './types.ts';

interface Head {
  readonly batches: AsyncIterator<readonly LogLine[]>;
  batch: readonly LogLine[];
  at: number;
}

/**
 * Lines of several logs in the order of their times; those of one log stay in theirs, whatever the clock did. They come
 * in batches: a promise for each line would take longer than the reading.
 */
export async function* mergeByTime(
  sources: readonly AsyncIterable<readonly LogLine[]>[],
): AsyncGenerator<readonly LogLine[]> {
  const heads: Head[] = [];
  for (const source of sources) {
    const head = { batches: source[Symbol.asyncIterator](), batch: [], at: 0 };
    if (await advance(head)) heads.push(head);
  }
  while (heads.length > 0) {
    const lines: LogLine[] = [];
    let first = earliest(heads);
    while (first.at < first.batch.length) {
      lines.push(first.batch[first.at++] as LogLine);
      if (first.at < first.batch.length) first = earliest(heads);
    }
    yield lines;
    if (!(await advance(first))) heads.splice(heads.indexOf(first), 1);
  }
}

function earliest(heads: readonly Head[]): Head {
  let first = heads[0] as Head;
  for (const head of heads)
    if ((head.batch[head.at] as LogLine).time < (first.batch[first.at] as LogLine).time) first = head;
  return first;
}

/** False when there is no more. */
async function advance(head: Head): Promise<boolean> {
  for (;;) {
    const { done, value } = await head.batches.next();
    if (done) return false;
    if (value.length === 0) continue;
    head.batch = value;
    head.at = 0;
    return true;
  }
}
