import { defineErrors, ExitCode } from '@mainstay/core';

/** What can be wrong before any service runs. */
export const supervisorErrors = defineErrors('supervisor', {
  MANIFEST_NOT_FOUND: {
    kind: 'operator',
    summary: 'There is no mainstay.yaml',
    action: 'Run the command in the folder that has it, or name the file with -f',
    exitCode: ExitCode.usage,
  },
  MANIFEST_INVALID: {
    kind: 'operator',
    summary: 'mainstay.yaml has problems',
    action: 'Correct every problem in the list; each names its line and column',
    exitCode: ExitCode.notConfigured,
  },
  MANIFEST_IMPORT_FAILED: {
    kind: 'operator',
    summary: 'The configuration of another service manager cannot be read',
    action: 'Correct the file, or say what it is of with --from',
  },
  MANIFEST_EXISTS: {
    kind: 'operator',
    summary: 'There is a manifest already where one would be written',
    action: 'Name another file with -o, or replace it with --force',
  },
  MANIFEST_UNKNOWN_SERVICE: {
    kind: 'operator',
    summary: 'A service that was named is not in mainstay.yaml',
    action: 'Use one of the names in the file',
    exitCode: ExitCode.usage,
  },
});
