import type { Clock, LivenessProbe, Logger, Timer } from '@mainstay/core';
import type { Notifier } from './notifier.ts';

export interface WatchdogOptions {
  /** WATCHDOG_USEC, in milliseconds. */
  readonly periodMs: number;
  readonly notifier: Pick<Notifier, 'signOfLife'>;
  readonly liveness: LivenessProbe;
  readonly clock: Clock;
  readonly log: Logger;
}

/** When it was not fed, the next try comes after this share of the period: the loop that turns again must not be killed. */
const retryShare = 1 / 8;

/** Tells systemd at half of its period (sd_watchdog_enabled(3)) that the event loop turns; only while it does. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: Timer | undefined;
  #wasHealthy = true;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#timer) this.#turn();
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #turn(): void {
    const { periodMs, notifier, liveness, clock, log } = this.#options;
    const isHealthy = liveness.isHealthy();
    if (isHealthy) notifier.signOfLife();
    else if (this.#wasHealthy) log.warn({ periodMs }, 'Watchdog is not fed: the event loop is late');
    this.#wasHealthy = isHealthy;
    this.#timer = clock.setTimer(periodMs * (isHealthy ? 1 / 2 : retryShare), () => this.#turn());
  }
}
