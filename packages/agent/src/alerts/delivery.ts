import { type Clock, isAppError, type Logger, messageOf, type Timer } from '@mainstay/core';

import type { Alert } from './alert.ts';
import { admit, freshRate, type RateState } from './rate-limit.ts';
import type { AlertSink } from './sinks/types.ts';

export interface DeliveryOptions {
  readonly sink: AlertSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly perMinute: number;
}

export interface DeliveryCounts {
  readonly target: string;
  readonly sent: number;
  readonly failed: number;
  /** For the bound of the queue. */
  readonly dropped: number;
  readonly waiting: number;
}

/** One attempt, in ms. */
const attemptMs = 10_000;
const maxAttempts = 8;
/** Before the second attempt, in ms; doubles up to the maximum. */
const firstRetryMs = 1000;
const maxRetryMs = 60_000;
const maxWaiting = 100;

/**
 * The way to one target. Messages go one after the other, in order; one that does not arrive is tried again, and what
 * comes meanwhile waits. Nothing here delays another target or its caller.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #waiting: Alert[] = [];
  #rate: RateState = freshRate;
  #rateTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #attempt = 0;
  #current: AbortController | undefined;
  #isClosed = false;
  #sent = 0;
  #failed = 0;
  #dropped = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  counts(): DeliveryCounts {
    const target = this.#options.sink.target;
    return {
      target,
      sent: this.#sent,
      failed: this.#failed,
      dropped: this.#dropped,
      waiting: this.#waiting.length,
    };
  }

  add(alert: Alert): void {
    this.#admit(alert);
  }

  /** One attempt past the queue and the rate; undefined when it has arrived, else why not. */
  async try(alert: Alert): Promise<string | undefined> {
    return (await this.#send(alert, new AbortController()))?.message;
  }

  close(): void {
    this.#isClosed = true;
    this.#rateTimer?.clear();
    this.#retryTimer?.clear();
    this.#current?.abort();
  }

  #admit(alert: Alert | undefined): void {
    if (this.#isClosed) return;
    const { clock, perMinute } = this.#options;
    const { state, send, wakeAt } = admit(this.#rate, alert, clock.monotonic(), perMinute);
    this.#rate = state;
    this.#rateTimer?.clear();
    this.#rateTimer = undefined;
    if (wakeAt !== undefined)
      this.#rateTimer = clock.setTimer(Math.max(1, wakeAt - clock.monotonic()), () => this.#admit(undefined));
    for (const each of send) this.#enqueue(each);
  }

  #enqueue(alert: Alert): void {
    this.#waiting.push(alert);
    if (this.#waiting.length > maxWaiting) {
      // The first may be on its way.
      this.#waiting.splice(1, 1);
      this.#dropped++;
    }
    if (!this.#current && !this.#retryTimer) void this.#next();
  }

  async #next(): Promise<void> {
    const alert = this.#waiting[0];
    if (!alert || this.#isClosed) return;
    const controller = new AbortController();
    this.#current = controller;
    const failure = await this.#send(alert, controller);
    this.#current = undefined;
    if (this.#isClosed) return;
    this.#attempt++;
    if (failure && !failure.isFinal && this.#attempt < maxAttempts) {
      const delay = Math.min(maxRetryMs, firstRetryMs * 2 ** (this.#attempt - 1));
      this.#retryTimer = this.#options.clock.setTimer(delay, () => {
        this.#retryTimer = undefined;
        void this.#next();
      });
      return;
    }
    if (failure) this.#giveUp(alert, failure.message);
    else this.#sent++;
    this.#attempt = 0;
    this.#waiting.shift();
    void this.#next();
  }

  #giveUp({ key, status }: Alert, reason: string): void {
    this.#failed++;
    this.#options.log.error(
      { target: this.#options.sink.target, key, status, attempts: this.#attempt, reason },
      'An alert could not be delivered',
    );
  }

  async #send(
    alert: Alert,
    controller: AbortController,
  ): Promise<{ readonly message: string; readonly isFinal: boolean } | undefined> {
    const { clock, sink } = this.#options;
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.setTimer(attemptMs, () => {
        reject(new Error(`No answer within ${attemptMs / 1000} s`));
        controller.abort();
      });
    });
    try {
      await Promise.race([sink.send(alert, controller.signal), late]);
      return undefined;
    } catch (error) {
      return { message: messageOf(error), isFinal: isAppError(error) && error.details.isFinal === true };
    } finally {
      timer?.clear();
    }
  }
}
