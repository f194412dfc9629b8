import type { Clock, Logger, Timer } from '@mainstay/core';

import type { RememberedState, SupervisorMemory } from './options.ts';

/** How long changes are collected before they are written, in ms. */
const collectMs = 250;

/** Writes what has to be remembered, not more often than needed. A failure to write is logged and stops nothing. */
export class MemoryKeeper {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #memory: SupervisorMemory;
  readonly #state: () => RememberedState;
  #timer: Timer | undefined;
  #isClosed = false;
  #isDue = false;

  constructor(options: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly memory: SupervisorMemory;
    readonly state: () => RememberedState;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#memory = options.memory;
    this.#state = options.state;
  }

  changed(): void {
    if (this.#isClosed) this.#write();
    else this.#timer ??= this.#clock.setTimer(collectMs, () => this.flush());
  }

  /**
   * For what a killed agent must not have forgotten: the numbers of runs, which name their lines in the log, and what was
   * answered to a command. One write for all that comes in the same turn of the event loop.
   */
  changedForGood(): void {
    this.changed();
    if (this.#isClosed || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  /** Writes now what has not been written; what changes from now on is written at once. */
  close(): void {
    this.#isClosed = true;
    this.flush();
  }

  /** Writes now what has not been written. */
  flush(): void {
    if (!this.#timer) return;
    this.#timer.clear();
    this.#timer = undefined;
    this.#write();
  }

  #write(): void {
    try {
      this.#memory.write(this.#state());
    } catch (error) {
      this.#log.error({ err: error }, 'What has to be remembered could not be written');
    }
  }
}
