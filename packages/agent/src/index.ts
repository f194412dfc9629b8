export type { Agent, AgentOptions } from './agent-options.ts';
export {
  actions,
  type Action,
  type AgentBackend,
  type AgentEvent,
  type AgentInfo,
  type ServiceDetail,
} from './api/types.ts';
export { AgentClient, type AgentClientOptions } from './client/agent-client.ts';
export { findAgent, type FindAgentOptions } from './client/find-agent.ts';
export {
  directoriesBeside,
  directoryFacts,
  installedDirectories,
  type AgentDirectories,
  type DirectoryFacts,
} from './directories.ts';
export { environmentForServices } from './environment.ts';
export { agentErrors } from './errors.ts';
export { buildAgent, type BuiltAgent } from './install/build-agent.ts';
export { installAgent, type AgentInstallation, type InstallAgentOptions } from './install/install-agent.ts';
export {
  actOnAgent,
  agentStatus,
  uninstallAgent,
  type AgentStatus,
  type InstalledAgent,
} from './install/manage-agent.ts';
export { agentServiceName, programFolder } from './install/places.ts';
export { openAgent } from './open-agent.ts';
export { probeCapabilities } from './parts/probe-capabilities.ts';
export type { AgentParts, HostQuestion, OpenedRunner, PartsContext } from './parts/types.ts';
export { MetricsPage, type MetricsPageOptions } from './metrics/metrics-page.ts';
export {
  AlertDispatcher,
  type AlertDispatcherOptions,
  type AlertTestResult,
} from './alerts/alert-dispatcher.ts';
export type { Alert } from './alerts/alert.ts';
export { alertErrors } from './alerts/errors.ts';
export { limitText } from './alerts/limit-text.ts';
export type { AlertedService } from './alerts/settle-times.ts';
