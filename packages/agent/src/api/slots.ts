import { agentErrors } from '../errors.ts';

/** Bounds how many of one thing are done at the same time. */
export class Slots {
  readonly #max: number;
  readonly #what: string;
  #used = 0;

  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }

  /** Throws AGENT_BUSY when all are taken. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#used >= this.#max) {
      throw agentErrors.error(
        'AGENT_BUSY',
        `The agent serves ${this.#max} ${this.#what} at the same time, and no more: try again`,
      );
    }
    this.#used += 1;
    try {
      return await work();
    } finally {
      this.#used -= 1;
    }
  }
}
