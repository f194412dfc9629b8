import type { Thrown } from './thrown.ts';

/** `workerData` of a thread that serves tasks: it loads the same program and finds its tasks there. */
export const taskWorkerData = { mainstay: 'task' } as const;

/** Pool → thread; one at a time. */
export interface TaskCall {
  readonly name: string;
  readonly input: unknown;
}

/** Thread → pool. */
export type TaskResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly thrown: Thrown };
