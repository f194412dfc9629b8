import {
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  readSupervisedMessage,
  type ReclaimRequest,
  type SupervisedHealth,
} from '@mainstay/core';
import type { ChildProcess } from 'node:child_process';

export interface InstanceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface InstanceProbe {
  readonly report: SupervisedHealth;
  readonly metrics: unknown;
}

/** How long an answer over the channel may take, in milliseconds; longer means a blocked event loop. */
const answerTimeoutMs = 5_000;
/** A reclaim may have much to do: files to close, caches to write back. */
const reclaimTimeoutMs = 30_000;

/** One process of several, seen from the primary, over the supervisor's messages. */
export class InstanceProcess {
  readonly instance: number;
  readonly exited: Promise<InstanceExit>;
  readonly #child: ChildProcess;
  readonly #onStatus: (status: LifecycleStatus) => void;
  readonly #answers = new Map<number, (answer: ControlAnswer) => void>();
  readonly #probes = new Map<number, (probe: InstanceProbe) => void>();
  readonly #reclaims = new Map<number, (done: boolean) => void>();
  #nextId = 1;
  #status: LifecycleStatus | undefined;

  constructor(options: {
    readonly instance: number;
    readonly child: ChildProcess;
    readonly onStatus: (status: LifecycleStatus) => void;
  }) {
    this.instance = options.instance;
    this.#child = options.child;
    this.#onStatus = options.onStatus;
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        // Its last words may still be in the channel.
        if (this.#child.connected) this.#child.once('disconnect', () => resolve({ code, signal }));
        else resolve({ code, signal });
      });
      this.#child.once('error', () => resolve({ code: null, signal: null }));
    });
    this.#child.on('message', (message) => this.#receive(message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last one it reported. */
  get status(): LifecycleStatus | undefined {
    return this.#status;
  }

  /** Undefined when the instance does not answer, or has gone. */
  control(control: Control): Promise<ControlAnswer | undefined> {
    return this.#ask(this.#answers, (id) => ({ type: 'control', control, id }));
  }

  /** Undefined when the instance does not answer, or has gone. */
  probe(): Promise<InstanceProbe | undefined> {
    return this.#ask(this.#probes, (id) => ({ type: 'probe', id }));
  }

  /** Undefined when the instance does not answer, or has gone. */
  reclaim(request: ReclaimRequest): Promise<boolean | undefined> {
    return this.#ask(this.#reclaims, (id) => ({ type: 'reclaim', request, id }), reclaimTimeoutMs);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask<Answer>(
    waiting: Map<number, (answer: Answer) => void>,
    message: (id: number) => object,
    timeoutMs = answerTimeoutMs,
  ): Promise<Answer | undefined> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    waiting.set(id, resolve);
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    void this.exited.then(() => resolve(undefined));
    this.#child.send(message(id), (error) => {
      if (error) resolve(undefined);
    });
    const answer = await promise;
    clearTimeout(timer);
    waiting.delete(id);
    return answer;
  }

  #receive(raw: unknown): void {
    const message = readSupervisedMessage(raw);
    switch (message?.type) {
      case 'status':
        this.#status = message.status;
        this.#onStatus(message.status);
        break;
      case 'answer':
        this.#answers.get(message.id)?.(message.answer);
        break;
      case 'health':
        this.#probes.get(message.id)?.({ report: message.report, metrics: message.metrics });
        break;
      case 'reclaimed':
        this.#reclaims.get(message.id)?.(message.done);
        break;
      default:
    }
  }
}
