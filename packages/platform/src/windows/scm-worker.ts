import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@mainstay/core';
import { acceptMask, answerCode, toControl, type ScmControl } from './controls.ts';
import { connectDispatcher, type Dispatcher } from './dispatcher.ts';
import { reportEvent } from './event-log.ts';
import type { FromScm, ScmWorkerData, ToScm } from './scm-messages.ts';
import { exitFields } from './service-status.ts';
import {
  initialMirror,
  stepMirror,
  type Mirror,
  type MirrorEffect,
  type MirrorEvent,
} from './status-mirror.ts';

/** Milliseconds between checkpoints while something is pending. */
const tickMs = 1_000;
/** dwWaitHint: until the next checkpoint at the latest; ten of them may be late before anybody gives up on us. */
const waitHintMs = 10 * tickMs;

/**
 * The thread that talks to the SCM: it answers controls and keeps checkpoints going, also while the service's own
 * thread is busy, and ends the process when that one has missed its deadline. Started by `createScmHost`.
 */
export function runScmWorker(): void {
  if (!parentPort) return;
  const port = parentPort;
  const data = workerData as ScmWorkerData;
  const post = (message: FromScm) => port.postMessage(message);
  try {
    new ScmConnection(data, post, (listener) => port.on('message', listener)).open();
  } catch (error) {
    post({ type: 'failed', message: messageOf(error) });
  }
}

class ScmConnection {
  readonly #data: ScmWorkerData;
  readonly #post: (message: FromScm) => void;
  #mirror: Mirror;
  #dispatcher: Dispatcher | undefined;

  constructor(
    data: ScmWorkerData,
    post: (message: FromScm) => void,
    listen: (listener: (message: ToScm) => void) => void,
  ) {
    this.#data = data;
    this.#post = post;
    this.#mirror = initialMirror(data.limits, performance.now(), data.startTimeoutMs);
    listen((message) => this.#message(message));
  }

  open(): void {
    this.#dispatcher = connectDispatcher(this.#data.serviceName, {
      started: (args) => this.#started(args),
      control: (control) => this.#control(control),
      refused: () => this.#post({ type: 'not-a-service' }),
    });
  }

  #started([serviceName = this.#data.serviceName, ...args]: readonly string[]): void {
    this.#mirror = initialMirror(this.#data.limits, performance.now(), this.#data.startTimeoutMs);
    this.#setStatus(0);
    setInterval(() => this.#step({ type: 'tick' }), tickMs);
    this.#post({ type: 'started', serviceName, args });
  }

  /** Called on the SCM's behalf, which waits for the return value. */
  #control(control: ScmControl): number {
    try {
      const effects = this.#step({ type: 'control', control: toControl(control) });
      const answer = effects.find((effect) => effect.type === 'answer');
      return answerCode(answer?.answer ?? 'unsupported');
    } catch (error) {
      this.#post({ type: 'failed', message: messageOf(error) });
      return answerCode('cannot-accept');
    }
  }

  #message(message: ToScm): void {
    if (message.type === 'close') this.#post({ type: 'closed' });
    else this.#step(message);
  }

  #step(event: MirrorEvent): readonly MirrorEffect[] {
    const { mirror, effects } = stepMirror(this.#mirror, event, performance.now());
    this.#mirror = mirror;
    for (const effect of effects) this.#perform(effect);
    return effects;
  }

  #perform(effect: MirrorEffect): void {
    switch (effect.type) {
      case 'forward':
        return this.#post({ type: 'control', control: effect.control });
      case 'set-status':
        return this.#setStatus(effect.exitCode);
      case 'terminate':
        reportEvent(
          this.#data.serviceName,
          'error',
          `The service ${this.#data.serviceName} was ended with exit code ${effect.exitCode}: it was ${effect.state} past its deadline, and its own thread did not react`,
        );
        this.#dispatcher?.terminate(effect.exitCode);
    }
  }

  #setStatus(exitCode: number): void {
    const { state, accepts, checkpoint, deadline } = this.#mirror;
    const { stopped } = this.#data;
    this.#dispatcher?.setStatus({
      state,
      controlsAccepted: acceptMask(state, accepts),
      ...exitFields(exitCode),
      checkpoint,
      waitHint: deadline === undefined ? 0 : waitHintMs,
    });
    if (state !== 'stopped') return;
    Atomics.store(stopped, 0, 1);
    Atomics.notify(stopped, 0);
  }
}
