import { availableParallelism } from 'node:os';
import type { Transferable, Worker } from 'node:worker_threads';
import type { Tasks, WorkerPool } from '../types.ts';
import { workerErrors } from './errors.ts';
import { TaskThread, type ThreadTask } from './task-thread.ts';

export interface WorkerPoolOptions {
  /** The service's tasks, for their names; they run in the threads. */
  readonly tasks: Tasks;
  /** Makes a thread that loads this program and serves its tasks; see `taskWorkerData` and `serveTasks`. */
  readonly spawn: () => Worker | Promise<Worker>;
  /** Threads at most. @default one less than this machine can run at once (os.availableParallelism), at least 1 */
  readonly size?: number;
  /** Milliseconds after which a thread without work is given back; 0 keeps them. @default 60_000 */
  readonly idleMs?: number;
}

/** A pool that its owner can close. */
export interface ClosablePool<TaskMap extends Tasks = Tasks> extends WorkerPool<TaskMap> {
  /** Threads that exist at this moment. */
  readonly threads: number;
  /** Takes no more tasks, lets what runs and waits end until the deadline, then stops the threads. */
  close(options: { readonly deadlineMs: number }): Promise<void>;
}

interface RunOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly transfer?: readonly Transferable[];
}

/** Worker threads for CPU-bound work; none before the first task. */
export function createWorkerPool<TaskMap extends Tasks>(options: WorkerPoolOptions): ClosablePool<TaskMap> {
  return new Pool(options) as unknown as ClosablePool<TaskMap>;
}

class Pool {
  readonly size: number;
  readonly #options: WorkerPoolOptions;
  readonly #idleMs: number;
  readonly #waiting: ThreadTask[] = [];
  readonly #idle = new Map<TaskThread, NodeJS.Timeout | undefined>();
  readonly #threads = new Set<TaskThread>();
  #closed = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.size = Math.max(1, options.size ?? availableParallelism() - 1);
    this.#idleMs = options.idleMs ?? 60_000;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get threads(): number {
    return this.#threads.size;
  }

  async run(name: string, input: unknown, options: RunOptions = {}): Promise<unknown> {
    const { signal, timeoutMs, transfer = [] } = options;
    if (!Object.hasOwn(this.#options.tasks, name)) {
      const known = Object.keys(this.#options.tasks).join(', ') || 'none';
      throw workerErrors.error('WORKER_UNKNOWN_TASK', `No task "${name}" in this service; it has: ${known}`);
    }
    if (this.#closed) throw workerErrors.error('WORKER_CLOSED', `The pool takes no more tasks, as "${name}"`);
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const task: ThreadTask = { call: { name, input }, transfer, resolve, reject };
    const cancel = (reason: unknown): void => this.#cancel(task, reason);
    const onAbort = (): void => cancel(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => cancel(timedOut(name, timeoutMs)), timeoutMs);
    this.#waiting.push(task);
    this.#dispatch();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (this.#busy() === 0) this.#onEmpty?.();
    }
  }

  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.#closed = true;
    if (this.#busy() > 0) {
      const empty = Promise.withResolvers<void>();
      const timer = setTimeout(empty.resolve, deadlineMs);
      this.#onEmpty = empty.resolve;
      await empty.promise;
      clearTimeout(timer);
    }
    const reason = new DOMException('The service is stopping', 'AbortError');
    for (const task of this.#waiting.splice(0)) task.reject(reason);
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#threads].map((thread) => thread.stop(reason)));
  }

  #busy(): number {
    return this.#waiting.length + this.#threads.size - this.#idle.size;
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#free();
      const task = thread && this.#waiting.shift();
      if (!task) return;
      thread.run(task);
    }
  }

  #free(): TaskThread | undefined {
    const [idle] = this.#idle;
    if (idle) {
      clearTimeout(idle[1]);
      this.#idle.delete(idle[0]);
      return idle[0];
    }
    return this.#threads.size < this.size ? this.#spawn() : undefined;
  }

  #spawn(): TaskThread {
    const thread: TaskThread = new TaskThread(this.#options.spawn, {
      onIdle: () => this.#onIdle(thread),
      onGone: () => this.#onGone(thread),
    });
    this.#threads.add(thread);
    return thread;
  }

  #onIdle(thread: TaskThread): void {
    const timer = this.#idleMs > 0 ? setTimeout(() => this.#retire(thread), this.#idleMs).unref() : undefined;
    this.#idle.set(thread, timer);
    this.#dispatch();
  }

  #onGone(thread: TaskThread): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    this.#threads.delete(thread);
    this.#dispatch();
  }

  #retire(thread: TaskThread): void {
    this.#idle.delete(thread);
    this.#threads.delete(thread);
    void thread.stop(undefined);
  }

  /** What waits is taken out; what runs cannot be interrupted but by stopping its thread. */
  #cancel(task: ThreadTask, reason: unknown): void {
    const place = this.#waiting.indexOf(task);
    if (place !== -1) {
      this.#waiting.splice(place, 1);
      task.reject(reason);
      return;
    }
    const thread = [...this.#threads].find((candidate) => candidate.task === task);
    if (thread) {
      // Out of the pool at once, so that its place can be taken while it ends.
      this.#threads.delete(thread);
      void thread.stop(reason);
      this.#dispatch();
    }
  }
}

const timedOut = (name: string, timeoutMs: number): Error =>
  workerErrors.error('WORKER_TIMEOUT', `Task "${name}" did not end within ${timeoutMs} ms`, {
    details: { task: name, timeoutMs },
  });
