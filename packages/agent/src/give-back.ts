import { messageOf, type Clock, type Logger, type Timer } from '@mainstay/core';
import { releaseFreeMemory, releaseProgramPages } from '@mainstay/platform';

/** By then an idle agent has done all that a start does, in milliseconds. */
const afterMs = 3_000;
/** Giving back takes some milliseconds, and using again what was given back some more: not more often than this. */
const spacingMs = 15_000;

/**
 * Gives memory back that only the starting of things needs: 30 MB and more of an agent that is to run for months. Call
 * `soon` when something was started; it happens when that is over, once for all that was started meanwhile.
 */
export class GiveBack {
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: Timer | undefined;
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  soon(): void {
    const sinceLast = this.#clock.monotonic() - this.#last;
    this.#timer ??= this.#clock.setTimer(Math.max(afterMs, spacingMs - sinceLast), () => void this.#now());
  }

  close(): void {
    this.#timer?.clear();
  }

  async #now(): Promise<void> {
    this.#timer = undefined;
    this.#last = this.#clock.monotonic();
    try {
      await releaseFreeMemory();
      // Last: what gives back is program, too.
      await releaseProgramPages();
    } catch (error) {
      this.#log.debug({ error: messageOf(error) }, 'Memory of the start could not be given back');
    }
  }
}
