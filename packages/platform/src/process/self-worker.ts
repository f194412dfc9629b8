import type { Worker, WorkerOptions } from 'node:worker_threads';

/** What a thread of this program is for; `main` of the SDK dispatches on it. */
export type SelfWorkerRole = 'task' | 'scm';

/**
 * Argument by which a thread of this program knows that it is one, before it has loaded `node:worker_threads`: that
 * brings the streams with it, and costs the main thread of every service milliseconds.
 */
export const selfWorkerFlag = '--mainstay-thread';

export interface SelfWorkerOptions {
  readonly role: SelfWorkerRole;
  /** File URL of the program's entry; not used in an executable, which carries its own source. */
  readonly entry: string;
  /** Goes to the thread as `workerData`, with the role as `mainstay`. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly options?: Omit<WorkerOptions, 'argv' | 'workerData' | 'eval'>;
}

/** Name of the program in the executable's assets, as the builder writes it. */
const programAsset = 'main.js';

/**
 * Starts a worker thread that runs this same program again, from source or inside the executable (Node: "Single
 * executable applications", sea.getAsset).
 */
export async function createSelfWorker({ role, entry, data, options }: SelfWorkerOptions): Promise<Worker> {
  const { Worker } = await import('node:worker_threads');
  const workerOptions: WorkerOptions = {
    ...options,
    argv: [selfWorkerFlag],
    workerData: { ...data, mainstay: role },
  };
  const sea = process.getBuiltinModule('node:sea');
  if (!sea.isSea()) return new Worker(new URL(entry), workerOptions);
  return new Worker(sea.getAsset(programAsset, 'utf8'), { ...workerOptions, eval: true });
}
