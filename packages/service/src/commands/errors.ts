import { defineErrors, ExitCode } from '@mainstay/core';

/** What the executable's own commands can refuse, before a service manager is asked. */
export const commandErrors = defineErrors('command', {
  COMMAND_INVALID_OPTION: {
    kind: 'operator',
    summary: 'The value of an option cannot be read',
    action: 'Correct the value; the message says what is expected',
    exitCode: ExitCode.usage,
  },
  COMMAND_NOT_AN_EXECUTABLE: {
    kind: 'operator',
    summary: 'The service runs from source, and the command needs a built executable',
    action: 'Build it with `mainstay build`, and run the command of the executable',
    exitCode: ExitCode.usage,
  },
  COMMAND_COPY_FAILED: {
    kind: 'environment',
    summary: 'The executable could not be copied to its place',
    action: 'Check permissions and space of the directory that the message names',
  },
});
