/** What several streams give, as it comes. Ends with the last of them; one that fails ends all. */
export async function* interleave<Item>(sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const waiting = new Map(iterators.map((iterator) => [iterator, nextOf(iterator)]));
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values());
      if (result.done === true) {
        waiting.delete(iterator);
        continue;
      }
      waiting.set(iterator, nextOf(iterator));
      yield result.value;
    }
  } finally {
    // One that waits for a line that never comes would not answer: its own signal ends it.
    for (const iterator of iterators) void iterator.return?.()?.catch(() => undefined);
    for (const next of waiting.values()) next.catch(() => undefined);
  }
}

async function nextOf<Item>(
  iterator: AsyncIterator<Item>,
): Promise<{ readonly iterator: AsyncIterator<Item>; readonly result: IteratorResult<Item> }> {
  return { iterator, result: await iterator.next() };
}
