import { defineErrors, ExitCode } from '@mainstay/core';

/** What can be wrong with a command line beyond its grammar. */
export const cliErrors = defineErrors('cli', {
  CLI_NOTHING_NAMED: {
    kind: 'operator',
    summary: 'A command that changes services was given none',
    action: 'Name the services, or write --all',
    exitCode: ExitCode.usage,
  },
  CLI_NOT_CONFIRMED: {
    kind: 'operator',
    summary: 'A change that needs a yes was not confirmed',
    action: 'Answer y, or write --yes where nobody can be asked',
    exitCode: ExitCode.failed,
  },
});
