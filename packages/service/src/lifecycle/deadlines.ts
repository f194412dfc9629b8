import type { Clock, Timer, TimerName } from '@mainstay/core';

interface Deadline {
  /** Monotonic time at which it falls due. */
  due: number;
  timer: Timer;
}

/** The timers of the lifecycle. A deadline that is extended is not set again each time: the timer looks when it fires. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #passed: (name: TimerName) => void;
  readonly #deadlines = new Map<TimerName, Deadline>();

  constructor(clock: Clock, passed: (name: TimerName) => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  set(name: TimerName, ms: number): void {
    this.clear(name);
    const due = this.#clock.monotonic() + ms;
    this.#deadlines.set(name, { due, timer: this.#arm(name, ms) });
  }

  /** Does nothing when there is no such deadline. */
  extend(name: TimerName, ms: number): void {
    const deadline = this.#deadlines.get(name);
    if (deadline) deadline.due = Math.max(deadline.due, this.#clock.monotonic() + ms);
  }

  clear(name: TimerName): void {
    this.#deadlines.get(name)?.timer.clear();
    this.#deadlines.delete(name);
  }

  clearAll(): void {
    for (const name of this.#deadlines.keys()) this.clear(name);
  }

  #arm(name: TimerName, ms: number): Timer {
    return this.#clock.setTimer(ms, () => {
      const deadline = this.#deadlines.get(name);
      if (!deadline) return;
      const left = deadline.due - this.#clock.monotonic();
      if (left > 0) {
        deadline.timer = this.#arm(name, left);
        return;
      }
      this.#deadlines.delete(name);
      this.#passed(name);
    });
  }
}
