import { messageOf, type Logger } from '@mainstay/core';

/** What is to be undone at the end, last in, first out; a failure keeps nothing else from being undone. */
export class Closers {
  readonly #closers: { readonly name: string; readonly close: () => void | Promise<void> }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => void | Promise<void>): void {
    this.#closers.push({ name, close });
  }

  async close(): Promise<void> {
    for (let last = this.#closers.pop(); last; last = this.#closers.pop()) {
      try {
        await last.close();
      } catch (error) {
        this.#log.error(
          { part: last.name, error: messageOf(error) },
          'A part of the agent did not close as it should',
        );
      }
    }
  }
}
