import { messageOf } from '@mainstay/core';
import type { Transferable, Worker } from 'node:worker_threads';
import { workerErrors } from './errors.ts';
import type { TaskCall, TaskResult } from './messages.ts';
import { unpackThrown } from './thrown.ts';

export interface ThreadTask {
  readonly call: TaskCall;
  readonly transfer: readonly Transferable[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * One worker thread, with at most one task.
 *
 * INVARIANTS: every task that was given to it is settled exactly once, also when the thread dies; `onIdle` or `onGone`
 * follows each. A thread that has nothing to do keeps no process alive.
 */
export class TaskThread {
  readonly #events: { readonly onIdle: () => void; readonly onGone: () => void };
  readonly #ready: Promise<void>;
  /** Not there while it is being made, and when it could not be made. */
  #worker: Worker | undefined;
  #task: ThreadTask | undefined;
  #failure: unknown;
  #stopped = false;

  constructor(
    spawn: () => Worker | Promise<Worker>,
    events: { readonly onIdle: () => void; readonly onGone: () => void },
  ) {
    this.#events = events;
    this.#ready = this.#begin(spawn);
  }

  get task(): ThreadTask | undefined {
    return this.#task;
  }

  run(task: ThreadTask): void {
    this.#task = task;
    this.#post();
  }

  /** Stops the thread where it is; its task, if it has one, rejects with `reason`. */
  async stop(reason: unknown): Promise<void> {
    const task = this.#take();
    task?.reject(reason);
    this.#stopped = true;
    await this.#ready;
    await this.#worker?.terminate();
  }

  async #begin(spawn: () => Worker | Promise<Worker>): Promise<void> {
    try {
      // In a turn of its own: the events must not come before the constructor has returned.
      const worker = await Promise.resolve().then(spawn);
      this.#worker = worker;
      worker.on('message', (result: TaskResult) => this.#settle(result));
      worker.on('messageerror', (error) => this.#settleError(error));
      // 'exit' follows, with the code.
      worker.on('error', (error) => {
        this.#failure = error;
      });
      worker.on('exit', (code) => this.#exited(code));
      if (!this.#stopped) this.#post();
    } catch (error) {
      // Never one thread after another that cannot be made: each failure costs one task its life.
      this.#take()?.reject(error);
      this.#events.onGone();
    }
  }

  #post(): void {
    const worker = this.#worker;
    if (!worker) return;
    if (!this.#task) {
      worker.unref();
      return;
    }
    worker.ref();
    try {
      worker.postMessage(this.#task.call, [...this.#task.transfer]);
    } catch (error) {
      // The input cannot be cloned.
      this.#settleError(error);
    }
  }

  #settle(result: TaskResult): void {
    const task = this.#take();
    if (!task) return;
    if (result.ok) task.resolve(result.value);
    else task.reject(unpackThrown(result.thrown));
    this.#events.onIdle();
  }

  #settleError(error: unknown): void {
    const task = this.#take();
    if (!task) return;
    task.reject(error);
    this.#events.onIdle();
  }

  #exited(code: number): void {
    const task = this.#take();
    if (task) {
      const why = this.#failure === undefined ? `exit code ${code}` : messageOf(this.#failure);
      task.reject(
        workerErrors.error('WORKER_DIED', `The thread that ran task "${task.call.name}" has ended: ${why}`, {
          cause: this.#failure,
          details: { task: task.call.name, exitCode: code },
        }),
      );
    }
    this.#events.onGone();
  }

  #take(): ThreadTask | undefined {
    const task = this.#task;
    this.#task = undefined;
    this.#worker?.unref();
    return task;
  }
}
