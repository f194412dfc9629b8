import { messageOf, type Clock, type Logger, type Timer } from '@mainstay/core';
import type { DatagramSocket } from './datagram-socket.ts';
import { encodeFields, type NotifyFields } from './notify-messages.ts';

/** Waits between two tries while systemd's queue is full, in ms: doubled each time. */
const firstRetryMs = 5;
const lastRetryMs = 200;

export interface NotifierOptions {
  /** Opens the socket; called once, when the first datagram is due. Loading the FFI library is what makes it dear. */
  readonly open: () => DatagramSocket;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Message {
  readonly data: Buffer;
  readonly descriptor: number | undefined;
}

/**
 * Sends notifications in order, without ever blocking the event loop or throwing into the service.
 *
 * INVARIANTS
 * - A datagram that finds the queue full waits, and everything after it waits behind it.
 * - A sign of life is never queued: one that is late says nothing.
 * - After an error that will not go away nothing is sent any more, and that is logged once.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #waiting: Message[] = [];
  readonly #whenEmpty: Array<() => void> = [];
  #socket: DatagramSocket | undefined;
  #retry: Timer | undefined;
  #retryMs = firstRetryMs;
  #isBroken = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Opens the socket now rather than with the first datagram. */
  prepare(): void {
    this.#open();
  }

  /** @returns false when nothing can be sent any more */
  notify(fields: NotifyFields, descriptor?: number): boolean {
    if (this.#isBroken) return false;
    this.#waiting.push({ data: Buffer.from(encodeFields(fields)), descriptor });
    if (!this.#retry) this.#drain();
    return !this.#isBroken;
  }

  /** WATCHDOG=1, unless older datagrams are still waiting. */
  signOfLife(): void {
    if (this.#waiting.length === 0) this.notify({ WATCHDOG: '1' });
  }

  /** Resolves when everything is sent, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(timeoutMs, resolve);
      this.#whenEmpty.push(() => {
        timer.clear();
        resolve();
      });
    });
  }

  close(): void {
    this.#retry?.clear();
    this.#settle();
    this.#socket?.close();
    this.#socket = undefined;
    this.#isBroken = true;
  }

  #drain(): void {
    const socket = this.#open();
    if (!socket) return;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        if (socket.send(next.data, next.descriptor) === 'full') return this.#retryLater();
      } catch (error) {
        return this.#giveUp(error);
      }
      this.#waiting.shift();
      this.#retryMs = firstRetryMs;
    }
    this.#settle();
  }

  #open(): DatagramSocket | undefined {
    if (this.#socket || this.#isBroken) return this.#socket;
    try {
      this.#socket = this.#options.open();
    } catch (error) {
      this.#giveUp(error);
    }
    return this.#socket;
  }

  #retryLater(): void {
    this.#retry = this.#options.clock.setTimer(this.#retryMs, () => {
      this.#retry = undefined;
      this.#drain();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }

  #giveUp(error: unknown): void {
    this.#isBroken = true;
    this.#settle();
    this.#options.log.error(
      { error: messageOf(error) },
      'Systemd cannot be notified; it will not see this service as ready',
    );
  }

  #settle(): void {
    this.#waiting.length = 0;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
