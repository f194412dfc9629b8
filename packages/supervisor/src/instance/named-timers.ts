import type { Clock, Timer } from '@mainstay/core';

/** Timers by name, each set at most once. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock;
  readonly #onFired: (name: Name) => void;
  readonly #timers = new Map<Name, { readonly timer: Timer; readonly dueAt: number }>();

  constructor(clock: Clock, onFired: (name: Name) => void) {
    this.#clock = clock;
    this.#onFired = onFired;
  }

  /** Sets it anew when it is set. */
  set(name: Name, ms: number): void {
    this.clear(name);
    const timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(name);
      this.#onFired(name);
    });
    this.#timers.set(name, { timer, dueAt: this.#clock.monotonic() + ms });
  }

  clear(name: Name): void {
    this.#timers.get(name)?.timer.clear();
    this.#timers.delete(name);
  }

  clearAll(): void {
    for (const { timer } of this.#timers.values()) timer.clear();
    this.#timers.clear();
  }

  /** Milliseconds until it fires; undefined when it is not set. */
  left(name: Name): number | undefined {
    const entry = this.#timers.get(name);
    return entry && entry.dueAt - this.#clock.monotonic();
  }
}
