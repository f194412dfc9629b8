import { defineErrors } from '@mainstay/core';

/** Why a program could not be started or asked to end. */
export const runnerErrors = defineErrors('runner', {
  RUN_NO_PROGRAM: {
    kind: 'operator',
    summary: 'The program to be run is not there, or is no file that may be executed',
    action: 'Correct the command in the manifest, or PATH in its `env`; set the execute permission',
  },
  RUN_NO_FOLDER: {
    kind: 'operator',
    summary: 'The folder that the program is to run in is not there, or may not be entered',
    action: 'Create it, or correct `cwd` in the manifest',
  },
  RUN_TOO_LONG: {
    kind: 'operator',
    summary: 'Arguments and environment together are longer than the system allows',
    action: 'Give the program a file in place of long arguments',
  },
  RUN_NOT_STARTED: {
    kind: 'environment',
    summary: 'The system did not start the process',
    action: 'Look at the reason in the message: limits on processes, memory or open files',
  },
  RUN_CANNOT_ASK: {
    kind: 'environment',
    summary:
      'A program could not be asked to end in the way that its stop rules say; it is killed in place of that',
    action: 'Correct `stop` in the manifest when it happens every time',
  },
});
