import { defineErrors, ExitCode } from '@mainstay/core';

/** What can be wrong with a command line beyond its grammar. */
export const cliErrors = defineErrors('cli', {
  CLI_USAGE: {
    kind: 'operator',
    summary: 'The command line is wrong',
    action: 'See the `--help` of the command',
    exitCode: ExitCode.usage,
  },
  CLI_NO_SERVICE_MANAGER: {
    kind: 'operator',
    summary: 'This machine has no service manager that the agent could be installed with',
    action: 'Use `mainstay up`, or run the executable of the agent with `run`',
    exitCode: ExitCode.failed,
  },
  CLI_NO_PRIVILEGE: {
    kind: 'operator',
    summary: "The machine's agent was to be changed by somebody who is not root",
    action: 'Use sudo, or --user for an agent of your own',
    exitCode: ExitCode.noPrivilege,
  },
  CLI_NOTHING_NAMED: {
    kind: 'operator',
    summary: 'A command that changes services was given none',
    action: 'Name the services, or write --all',
    exitCode: ExitCode.usage,
  },
  CLI_WHOLE_SERVICE: {
    kind: 'operator',
    summary: 'One instance was named to a command that works on whole services',
    action: 'Name the service; `logs` and `why` take an instance as well',
    exitCode: ExitCode.usage,
  },
  CLI_SEVERAL_INSTANCES: {
    kind: 'operator',
    summary: 'Different instances were named to a command that shows one, or whole services',
    action: 'Name one instance, or whole services',
    exitCode: ExitCode.usage,
  },
  CLI_NO_AGENT_EXECUTABLE: {
    kind: 'operator',
    summary: 'A file that is to be installed as the agent is none',
    action: 'Name an executable of the agent for this machine, or leave --executable out',
    exitCode: ExitCode.usage,
  },
  CLI_MANIFEST_NOT_APPLIED: {
    kind: 'operator',
    summary: 'The agent was installed, and could not carry out the manifest',
    action: 'Put right what the message says, and install again',
    exitCode: ExitCode.failed,
  },
  CLI_NOT_CONFIRMED: {
    kind: 'operator',
    summary: 'A change that needs a yes was not confirmed',
    action: 'Answer y, or write --yes where nobody can be asked',
    exitCode: ExitCode.failed,
  },
});
