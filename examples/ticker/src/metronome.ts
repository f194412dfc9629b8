/** Time as the metronome sees it; a test has its own. */
export interface MetronomeClock {
  /** Milliseconds since some start; never goes back. */
  monotonic(): number;
  setTimer(milliseconds: number, callback: () => void): { clear(): void };
}

const systemClock: MetronomeClock = {
  monotonic: () => performance.now(),
  setTimer(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return { clear: () => clearTimeout(timer) };
  },
};

export interface MetronomeOptions {
  readonly intervalMs: number;
  /** @param missed beats that were left out because the process was asleep or blocked */
  readonly onBeat: (missed: number) => void;
  readonly clock?: MetronomeClock;
}

/**
 * Beats at whole multiples of the interval after it was started. Each beat is planned from the first one, not from the
 * last, so that late timers do not add up (setInterval drifts by about a millisecond a beat).
 */
export class Metronome {
  readonly #clock: MetronomeClock;
  readonly #onBeat: (missed: number) => void;
  #intervalMs: number;
  #startedAt = 0;
  #beats = 0;
  #timer: { clear(): void } | undefined;

  constructor({ intervalMs, onBeat, clock = systemClock }: MetronomeOptions) {
    this.#intervalMs = intervalMs;
    this.#onBeat = onBeat;
    this.#clock = clock;
  }

  start(): void {
    this.stop();
    this.#startedAt = this.#clock.monotonic();
    this.#beats = 0;
    this.#plan();
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Takes effect at once: the next beat is one new interval from now. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    if (this.#timer) this.start();
  }

  #plan(): void {
    const next = this.#startedAt + (this.#beats + 1) * this.#intervalMs;
    this.#timer = this.#clock.setTimer(Math.max(0, next - this.#clock.monotonic()), () => this.#beat());
  }

  #beat(): void {
    const due = Math.floor((this.#clock.monotonic() - this.#startedAt) / this.#intervalMs);
    // A timer may fire a fraction of a millisecond early.
    const missed = Math.max(0, due - this.#beats - 1);
    this.#beats += 1 + missed;
    this.#plan();
    this.#onBeat(missed);
  }
}
