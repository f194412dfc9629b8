import { messageOf, type Clock, type Logger, type Timer } from '@mainstay/core';

/** The wall clock may be set at any time: it is looked at this often, in ms. */
const lookMs = 60_000;

/** Gives the first time after `after` that an expression names; both in ms since the epoch. */
export type NextTime = (expression: string, after: number) => number | undefined;

interface Entry {
  readonly expression: string;
  dueAt: number | undefined;
  /** The last time that it was due for. */
  doneAt: number | undefined;
}

/**
 * Scheduled restarts, by the wall clock, with one timer for all.
 *
 * INVARIANTS: a time of an expression is due at most once, also when the clock is set back over it; when the clock is set
 * forward over several, it is due once. The timer is set exactly while there are entries.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #load: () => Promise<NextTime>;
  readonly #onDue: (name: string) => void;
  readonly #entries = new Map<string, Entry>();
  #next: NextTime | undefined;
  #timer: Timer | undefined;
  #isLoading = false;
  /** Wall time at the last look. */
  #lookedAt = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly load: () => Promise<NextTime>;
    readonly onDue: (name: string) => void;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#load = options.load;
    this.#onDue = options.onDue;
  }

  /** From now on there are these, by service; what stays the same keeps what it knows. */
  keep(expressions: ReadonlyMap<string, string | undefined>): void {
    for (const name of this.#entries.keys())
      if (expressions.get(name) === undefined) this.#entries.delete(name);
    for (const [name, expression] of expressions) {
      if (expression === undefined || this.#entries.get(name)?.expression === expression) continue;
      this.#entries.set(name, { expression, dueAt: undefined, doneAt: undefined });
    }
    this.#plan();
  }

  clear(): void {
    this.#entries.clear();
    this.#plan();
  }

  #plan(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    if (this.#entries.size === 0) return;
    if (!this.#next) return void this.#open();
    const now = this.#clock.now();
    this.#lookedAt = now;
    let waitMs = lookMs;
    for (const entry of this.#entries.values()) {
      entry.dueAt ??= this.#after(entry, now);
      if (entry.dueAt !== undefined) waitMs = Math.min(waitMs, Math.max(0, entry.dueAt - now));
    }
    this.#timer = this.#clock.setTimer(waitMs, () => this.#look());
  }

  async #open(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#next = await this.#load();
      this.#plan();
    } catch (error) {
      this.#log.error({ err: error }, 'Scheduled restarts cannot be planned');
    } finally {
      this.#isLoading = false;
    }
  }

  #look(): void {
    const now = this.#clock.now();
    // Set back: what was planned is too far away.
    if (now < this.#lookedAt) for (const entry of this.#entries.values()) entry.dueAt = undefined;
    for (const [name, entry] of this.#entries) {
      if (entry.dueAt === undefined || entry.dueAt > now) continue;
      entry.doneAt = entry.dueAt;
      entry.dueAt = undefined;
      this.#onDue(name);
    }
    this.#plan();
  }

  #after(entry: Entry, now: number): number | undefined {
    try {
      const time = this.#next?.(entry.expression, now);
      const isDone = time !== undefined && time === entry.doneAt;
      return isDone ? this.#next?.(entry.expression, time) : time;
    } catch (error) {
      this.#log.error({ expression: entry.expression, problem: messageOf(error) }, 'Not a schedule');
      return undefined;
    }
  }
}
