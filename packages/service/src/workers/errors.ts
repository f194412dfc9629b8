import { defineErrors } from '@mainstay/core';

export const workerErrors = defineErrors('worker', {
  WORKER_UNKNOWN_TASK: {
    kind: 'bug',
    summary: 'A task was asked for that the service does not have',
    action: 'Name it in the `tasks` of defineService',
  },
  WORKER_DIED: {
    kind: 'environment',
    summary: 'A worker thread ended while it ran a task',
    action: 'See the cause: the task left the process, ran out of memory, or threw outside of its promise',
  },
  WORKER_TIMEOUT: {
    kind: 'environment',
    summary: 'A task did not end in time; its thread was stopped',
    action: 'Give it more time, or less to do',
  },
  WORKER_CLOSED: {
    kind: 'bug',
    summary: 'A task was asked for after the pool had closed',
    action: 'Stop new work before the service stops',
  },
});
