// What talks to an agent, without the agent: a command starts in half the time.
export { AgentClient, type AgentClientOptions } from './agent-client.ts';
export { findAgent, type FindAgentOptions } from './find-agent.ts';
