import type { ChildProcess } from 'node:child_process';

import {
  readSupervisedMessage,
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  type SupervisorMessage,
} from '@mainstay/core';

import type { HealthProbe, ReclaimRequest } from '../runner/types.ts';

/** What is said over the IPC channel of a Mainstay service. */
export class ChildChannel {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #nextId = 1;
  #isOver = false;

  constructor(child: ChildProcess, onStatus: (status: LifecycleStatus) => void) {
    this.#child = child;
    child.on('message', (raw) => {
      const message = readSupervisedMessage(raw);
      if (!message || this.#isOver) return;
      if (message.type === 'status') onStatus(message.status);
      else if (message.type === 'answer') this.#waiting.get(message.id)?.(message.answer);
      else if (message.type === 'reclaimed') this.#waiting.get(message.id)?.(message.done);
      else this.#waiting.get(message.id)?.({ report: message.report, metrics: message.metrics });
    });
    // Without it nobody answers any more.
    child.once('disconnect', () => this.#settleAll());
  }

  async control(control: Control): Promise<ControlAnswer | undefined> {
    return (await this.#ask((id) => ({ type: 'control', control, id }))) as ControlAnswer | undefined;
  }

  async probe(timeoutMs: number): Promise<HealthProbe | undefined> {
    return (await this.#ask((id) => ({ type: 'probe', id }), timeoutMs)) as HealthProbe | undefined;
  }

  async reclaim(request: ReclaimRequest): Promise<boolean | undefined> {
    return (await this.#ask((id) => ({ type: 'reclaim', request, id }))) as boolean | undefined;
  }

  /** The process has ended: nothing is told any more. */
  close(): void {
    this.#isOver = true;
    this.#settleAll();
  }

  #settleAll(): void {
    for (const settle of this.#waiting.values()) settle(undefined);
  }

  /** Sends, and waits for the answer of the same number; undefined when it does not come. */
  #ask(make: (id: number) => SupervisorMessage, timeoutMs?: number): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (answer: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      if (this.#isOver || !this.#child.connected) return settle(undefined);
      this.#waiting.set(id, settle);
      if (timeoutMs !== undefined) timer = setTimeout(() => settle(undefined), timeoutMs);
      this.#child.send(make(id), (error) => {
        if (error) settle(undefined);
      });
    });
  }
}
