/**
 * The entries of batches, one after the other. An async generator takes several promises for each entry; this takes one,
 * resolved already but for the first of a batch, which is what makes a million lines a matter of a second.
 *
 * To be iterated by one caller, who asks for the next when it has the one before.
 *
 * @param isOver asked before every entry; true ends it
 */
export function entriesOf<Entry>(
  batches: AsyncIterable<readonly Entry[]>,
  isOver: () => boolean = () => false,
): AsyncGenerator<Entry, void, void> {
  return new Entries(batches[Symbol.asyncIterator](), isOver);
}

class Entries<Entry> implements AsyncGenerator<Entry, void, void> {
  readonly #batches: AsyncIterator<readonly Entry[]>;
  readonly #isOver: () => boolean;
  #batch: readonly Entry[] = [];
  #at = 0;
  #isDone = false;

  constructor(batches: AsyncIterator<readonly Entry[]>, isOver: () => boolean) {
    this.#batches = batches;
    this.#isOver = isOver;
  }

  next(): Promise<IteratorResult<Entry, void>> {
    if (this.#isDone || this.#isOver()) return this.return();
    if (this.#at < this.#batch.length)
      return Promise.resolve({ done: false, value: this.#batch[this.#at++] as Entry });
    return this.#nextBatch();
  }

  async return(): Promise<IteratorReturnResult<void>> {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#batch = [];
      await this.#batches.return?.();
    }
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #nextBatch(): Promise<IteratorResult<Entry, void>> {
    for (;;) {
      const { done, value } = await this.#batches.next();
      if (done === true) {
        this.#isDone = true;
        return { done: true, value: undefined };
      }
      if (value.length === 0) continue;
      this.#batch = value;
      this.#at = 0;
      return this.next();
    }
  }
}
