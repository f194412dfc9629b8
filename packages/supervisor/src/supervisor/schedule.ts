import { messageOf, type Clock, type Logger, type Timer } from '@mainstay/core';

/** The wall clock may be set at any time: it is looked at this often, in ms. */
const lookMs = 60_000;
/**
 * A clock that is set back by no more does not make what is done due again; one that is set back by more was wrong, and
 * what was done by it does not count. In ms.
 */
const maxSetBackMs = 2 * 86_400_000;

/** Gives the first time after `after` that an expression names; both in ms since the epoch. */
export type NextTime = (expression: string, after: number) => number | undefined;

interface Entry {
  readonly expression: string;
  dueAt: number | undefined;
  /** Wall time when it was last due: all of its times until then are done. */
  doneUntil: number;
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
      this.#entries.set(name, { expression, dueAt: undefined, doneUntil: -Infinity });
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
      entry.doneUntil = now;
      entry.dueAt = undefined;
      this.#onDue(name);
    }
    this.#plan();
  }

  #after(entry: Entry, now: number): number | undefined {
    try {
      const isSetBack = entry.doneUntil > now && entry.doneUntil - now <= maxSetBackMs;
      return this.#next?.(entry.expression, isSetBack ? entry.doneUntil : now);
    } catch (error) {
      this.#log.error({ expression: entry.expression, problem: messageOf(error) }, 'Not a schedule');
      return undefined;
    }
  }
}
