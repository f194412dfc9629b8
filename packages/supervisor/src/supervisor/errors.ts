import { defineErrors, ExitCode } from '@mainstay/core';

/** What can go wrong when services are told to do something. */
export const supervisionErrors = defineErrors('supervision', {
  SUPERVISOR_UNKNOWN_SERVICE: {
    kind: 'operator',
    summary: 'A service that was named is not known',
    action: 'Use one of the names that `mainstay ps` shows',
    exitCode: ExitCode.usage,
  },
  SUPERVISOR_START_FAILED: {
    kind: 'environment',
    summary: 'A service could not be started',
    action: 'See `mainstay why NAME` and `mainstay logs NAME`',
  },
  SUPERVISOR_RELOAD_FAILED: {
    kind: 'environment',
    summary: 'A new process was not ready, and the reload ended with it',
    action: 'See `mainstay logs NAME`; correct what keeps it from being ready, and reload again',
  },
  SUPERVISOR_INVALID_SCALE: {
    kind: 'operator',
    summary: 'The number of instances is not one that can be',
    action: 'Give a whole number from 1 to 1000',
    exitCode: ExitCode.usage,
  },
  SUPERVISOR_INTERRUPTED: {
    kind: 'operator',
    summary: 'Another command for the same service came in between',
    action: 'Give the command again if it is still wanted',
  },
  SUPERVISOR_CLOSING: {
    kind: 'operator',
    summary: 'The supervisor is shutting down',
    action: 'Start the agent again',
  },
});
