import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that a test moves by hand; wall time can be made to jump without touching the timers. */
export class VirtualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wall = wallStart;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(milliseconds: number, callback: () => void): Timer {
    const entry: Pending = {
      due: this.#monotonic + Math.max(0, milliseconds),
      order: this.#order++,
      callback,
    };
    this.#pending.add(entry);
    return { clear: () => void this.#pending.delete(entry) };
  }

  /** Number of timers that are set. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer, or undefined when none is set. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next && next.due - this.#monotonic;
  }

  /** Moves both times forward and fires what falls due, in order. */
  advance(milliseconds: number): void {
    const end = this.#monotonic + milliseconds;
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) {
      this.#moveTo(next.due);
      this.#pending.delete(next);
      next.callback();
    }
    this.#moveTo(end);
  }

  /** The wall clock is set by someone; monotonic time does not notice. */
  jumpWall(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (!first || entry.due < first.due || (entry.due === first.due && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}
