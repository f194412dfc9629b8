import { parentPort, type MessagePort } from 'node:worker_threads';
import type { Tasks } from '../types.ts';
import { workerErrors } from './errors.ts';
import type { TaskCall, TaskResult } from './messages.ts';
import { packThrown } from './thrown.ts';

/** The thread's side of the pool: runs the tasks it is sent. Called by `main` once the program has been loaded. */
export function serveTasks(tasks: Tasks, port: MessagePort | null = parentPort): void {
  if (!port) throw new TypeError('Tasks are served on worker threads only; this is the main thread');
  port.on('message', (call: TaskCall) => {
    void runTask(tasks, call).then((result) => post(port, result));
  });
}

async function runTask(tasks: Tasks, { name, input }: TaskCall): Promise<TaskResult> {
  try {
    const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
    if (!task) throw workerErrors.error('WORKER_UNKNOWN_TASK', `This program has no task "${name}"`);
    return { ok: true, value: await task(input) };
  } catch (error) {
    return { ok: false, thrown: packThrown(error) };
  }
}

function post(port: MessagePort, result: TaskResult): void {
  try {
    port.postMessage(result);
  } catch (error) {
    // The result cannot be cloned (a function, a class with private state): that is the task's error.
    port.postMessage({ ok: false, thrown: packThrown(error) } satisfies TaskResult);
  }
}
