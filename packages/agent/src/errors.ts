import { defineErrors, ExitCode } from '@mainstay/core';

/** Everything that the agent, its API and its client can refuse. */
export const agentErrors = defineErrors('agent', {
  AGENT_NOT_RUNNING: {
    kind: 'operator',
    summary: 'No agent listens where it was looked for',
    action: 'Start one: `mainstay up`, `mainstay agent start`, or `mainstay agent install`',
    exitCode: ExitCode.needsRunning,
  },
  AGENT_ALREADY_RUNNING: {
    kind: 'operator',
    summary: 'Another agent has the state directory or the socket',
    action: 'Use the agent that runs, stop it first, or give this one directories of its own',
  },
  AGENT_SOCKET_WRONG_OWNER: {
    kind: 'operator',
    summary:
      "The agent's socket or its directory belongs to somebody else, who could answer in the agent's place",
    action:
      'Use the socket of an agent of your own or of root; remove what is there if nobody should have made it',
    exitCode: ExitCode.noPrivilege,
  },
  AGENT_NO_PERMISSION: {
    kind: 'operator',
    summary: 'The agent belongs to somebody else, and only its owner may talk to it',
    action: "Run the command as the agent's owner, for an installed agent with `sudo`",
    exitCode: ExitCode.noPrivilege,
  },
  AGENT_SOCKET_PATH_TOO_LONG: {
    kind: 'operator',
    summary: 'The path of the socket is longer than the system allows',
    action: 'Choose a shorter runtime directory',
  },
  AGENT_SOCKET_FAILED: {
    kind: 'environment',
    summary: 'The socket cannot be made or used',
    action: 'See the cause in the message',
  },
  AGENT_NOT_RESPONDING: {
    kind: 'environment',
    summary: 'The agent took a connection, and did not answer in time',
    action: 'Look at its process and its log; it may be busy or stopped by a debugger',
  },
  AGENT_ANSWER_INVALID: {
    kind: 'environment',
    summary: 'What answered does not speak the API of this version',
    action: 'Use a command line and an agent of the same version',
  },
  AGENT_REQUEST_INVALID: {
    kind: 'operator',
    summary: 'A request to the API is not one that it knows',
    action: 'Correct what the message names; docs/adr/0008-agent-api.md lists the endpoints',
    exitCode: ExitCode.usage,
  },
  AGENT_ENDPOINT_UNKNOWN: {
    kind: 'operator',
    summary: 'The API has no such endpoint',
    action:
      'Use a command line and an agent of the same version; docs/adr/0008-agent-api.md lists the endpoints',
    exitCode: ExitCode.usage,
  },
  AGENT_METHOD_NOT_ALLOWED: {
    kind: 'operator',
    summary: 'An endpoint of the API was asked by another method than its own',
    action: 'Use the method that the message names',
    exitCode: ExitCode.usage,
  },
  AGENT_MANIFEST_INVALID: {
    kind: 'operator',
    summary: 'The manifest that was sent is not one; nothing was changed',
    action: 'Send what `mainstay validate` accepts, by a command line of the same version',
    exitCode: ExitCode.notConfigured,
  },
  AGENT_MANIFEST_REFUSED: {
    kind: 'operator',
    summary: 'The manifest asks for what this machine does not have or cannot hold; nothing was changed',
    action: 'Correct what the message lists',
    exitCode: ExitCode.notConfigured,
  },
  AGENT_BUSY: {
    kind: 'environment',
    summary: 'The agent has as many connections or streams as it takes, or is stopping',
    action: 'Try again; end `logs --follow` commands that nobody reads',
  },
  AGENT_DIRECTORY_WRONG_OWNER: {
    kind: 'operator',
    summary: "A directory of the agent's belongs to somebody else, who could change what it runs",
    action: 'Give the directory to the account of the agent, or choose another',
    exitCode: ExitCode.noPrivilege,
  },
  AGENT_DIRECTORY_UNWRITABLE: {
    kind: 'environment',
    summary: "A directory of the agent's cannot be made or written to",
    action: 'Give the account of the agent the right to write there, or choose another directory',
  },
  AGENT_STATE_UNWRITABLE: {
    kind: 'environment',
    summary: 'The state could not be saved, so nothing was changed',
    action: 'Make room on the disk, or put right what the message names, and try again',
  },
  AGENT_METRICS_FAILED: {
    kind: 'environment',
    summary: 'Metrics cannot be served where the manifest wants them',
    action: 'Name another address or port under `metrics.listen`, or stop the program that has it',
  },
  AGENT_INSTALL_FAILED: {
    kind: 'environment',
    summary: 'The agent could not be installed; what was there before is in place again',
    action: 'See the cause in the message',
  },
});
