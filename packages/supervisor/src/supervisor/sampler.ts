import type { Clock, Timer } from '@mainstay/core';

import type { Instance } from '../instance/instance.ts';
import { watchesLimits } from '../watch/step-limits.ts';

/** After nobody has looked for this long, only what has limits is measured. In ms. */
const interestMs = 60_000;
/** Looks that are closer to each other are one, as those of a command are. In ms. */
const glanceMs = 1000;
/** Processor time is known by the difference of two. */
const roundsOfGlance = 2;
/** How long one process may keep the others waiting, in ms. */
const patienceMs = 5000;

/**
 * Measures all processes by one timer, one after the other. INVARIANTS: two rounds never overlap; no timer is set when
 * there is no process.
 */
export class Sampler {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #instances: () => Iterable<Instance>;
  readonly #onSample: (instance: Instance) => void;
  #timer: Timer | undefined;
  #isMeasuring = false;
  #isClosed = false;
  /** When somebody looked the last time and the time before that. */
  #askedAt = -Infinity;
  #askedBefore = -Infinity;
  /** Still to come for who looked once. */
  #rounds = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly intervalMs: number;
    readonly instances: () => Iterable<Instance>;
    readonly onSample: (instance: Instance) => void;
  }) {
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#instances = options.instances;
    this.#onSample = options.onSample;
  }

  /**
   * Somebody looks at the figures. For who looks once they are taken twice; who looks again within a minute is watching,
   * and they are taken until a minute after the last look.
   */
  interest(): void {
    const now = this.#clock.monotonic();
    if (now - this.#askedAt < glanceMs) return;
    this.#rounds = roundsOfGlance;
    this.#askedBefore = this.#askedAt;
    this.#askedAt = now;
  }

  /** There is a process. */
  begin(): void {
    if (this.#timer || this.#isMeasuring || this.#isClosed) return;
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => {
      this.#timer = undefined;
      void this.#measure();
    });
  }

  /** There is none any more, and none will come. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #isWatching(): boolean {
    const now = this.#clock.monotonic();
    return now - this.#askedAt < interestMs && this.#askedAt - this.#askedBefore < interestMs;
  }

  /** One that cannot be measured must not keep the others from it. */
  async #bounded(work: Promise<void>): Promise<void> {
    let timer: Timer | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = this.#clock.setTimer(patienceMs, resolve);
    });
    await Promise.race([work, patience]);
    timer?.clear();
  }

  async #measure(): Promise<void> {
    this.#isMeasuring = true;
    const isWatched = this.#rounds > 0 || this.#isWatching();
    this.#rounds = Math.max(0, this.#rounds - 1);
    let hasProcess = false;
    // Both may change meanwhile.
    const instances = Array.from(this.#instances());
    for (const instance of instances) {
      hasProcess ||= instance.hasProcess;
      if (!isWatched && !watchesLimits(instance.declaration.limits)) continue;
      const lives = Array.from(instance.lives);
      for (const live of lives) await this.#bounded(live.sample(instance.declaration));
      if (instance.hasProcess) this.#onSample(instance);
    }
    this.#isMeasuring = false;
    if (hasProcess) this.begin();
  }
}
