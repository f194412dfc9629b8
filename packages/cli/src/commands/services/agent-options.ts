import { AgentClient, findAgent } from '@mainstay/agent/client';

import type { CliContext } from '../../context.ts';

/** What every command that talks to an agent takes. */
export interface AgentOptions {
  readonly socket?: string;
  readonly json?: boolean;
}

/** The agent that this command line is meant for. Throws AGENT_NOT_RUNNING. */
export function agentFor({ cwd }: CliContext, { socket }: AgentOptions): AgentClient {
  return new AgentClient({ socketPath: findAgent({ socket, cwd }) });
}
