import { defineErrors } from '@mainstay/core';

/** What the SDK's own parts refuse; the config, the tasks and the commands have tables of their own. */
export const serviceErrors = defineErrors('service', {
  SERVICE_INVALID_DEFINITION: {
    kind: 'operator',
    summary: 'The definition of the service is not valid',
    action: 'Correct the property that the message names, in the call of defineService',
  },
  SERVICE_INVALID_HANDLERS: {
    kind: 'operator',
    summary: 'What the start of the service returned is not a valid set of handlers',
    action: 'Return { stop, … } from start; pause needs resume, custom controls have codes 128 to 255',
  },
  SERVICE_NOT_EXPORTED: {
    kind: 'operator',
    summary: 'The entry file exports no service',
    action: 'Write `export default defineService({ … })` in the entry file',
  },
  SERVICE_LOCKED: {
    kind: 'environment',
    summary: 'Another process holds the lock file',
    action: 'Stop the other process; the message names it',
  },
  SERVICE_LOCK_FAILED: {
    kind: 'environment',
    summary: 'The lock file cannot be made',
    action: 'See that its directory exists and that the account of the service can write to it',
  },
  SERVICE_ENDING: {
    kind: 'bug',
    summary: 'The service asked for a new resource while it was already cleaning up',
    action: 'Make what has to be released before the stop ends, and heed ctx.signal',
  },
});
