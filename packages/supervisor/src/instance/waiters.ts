import type { Clock, Timer } from '@mainstay/core';

/** Those who wait for something to become so. INVARIANT: a timer is set only while its waiter waits. */
export class Waiters {
  readonly #clock: Clock;
  #waiters: Array<{ readonly test: () => boolean; readonly resolve: () => void }> = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves as soon as it is so, or, when `withinMs` is given, that time has passed. */
  async until(test: () => boolean, withinMs?: number): Promise<void> {
    if (test()) return;
    let isLate = false;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#waiters.push({ test: () => isLate || test(), resolve });
      if (withinMs === undefined) return;
      timer = this.#clock.setTimer(withinMs, () => {
        isLate = true;
        this.wake();
      });
    });
    timer?.clear();
  }

  /** Something may have become so. */
  wake(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.test()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }
}
