export { workerErrors } from './errors.ts';
export { taskWorkerData } from './messages.ts';
export { createWorkerPool, type ClosablePool, type WorkerPoolOptions } from './pool.ts';
