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
  MANIFEST_UNKNOWN_SERVICE: {
    kind: 'operator',
    summary: 'A service that was named is not in mainstay.yaml',
    action: 'Use one of the names in the file',
    exitCode: ExitCode.usage,
  },
});
