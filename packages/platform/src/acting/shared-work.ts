/**
 * Work that is the same for everybody: whoever asks while it is being done waits for the next time, all together, as what
 * they have changed may have come too late for this one.
 */
export function sharedWork(work: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  const begin = async (): Promise<void> => {
    await running;
    next = undefined;
    const done = work();
    running = done.catch(() => undefined);
    await done;
  };
  return () => (next ??= begin());
}
