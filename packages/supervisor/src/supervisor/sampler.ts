import type { Clock, Timer } from '@mainstay/core';

import type { Instance } from '../instance/instance.ts';
import { watchesLimits } from '../watch/step-limits.ts';

/** After nobody has looked for this long, only what has limits is measured. In ms. */
const interestMs = 60_000;
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
  #askedAt = -Infinity;

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

  /** Somebody looks at the figures. */
  interest(): void {
    this.#askedAt = this.#clock.monotonic();
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
    const isWatched = this.#clock.monotonic() - this.#askedAt < interestMs;
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
