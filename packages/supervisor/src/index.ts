export { supervisorErrors } from './manifest/errors.ts';
export type {
  AlertKind,
  AlertRules,
  AlertTarget,
  Dependency,
  DependencyCondition,
  HealthRules,
  ListenDeclaration,
  Located,
  LocatedProgram,
  LogRules,
  LogStoreRules,
  Manifest,
  ManifestLanguage,
  ManifestPosition,
  ManifestPositions,
  ManifestProblem,
  ManifestResult,
  ManifestSurroundings,
  MetricsRules,
  ProbeRules,
  ProbeTarget,
  ProgramDeclaration,
  ResourceLimits,
  RunnerKind,
  ServiceDeclaration,
  StopRules,
} from './manifest/types.ts';
export { ProcessRunner } from './process-runner/process-runner.ts';
export {
  defaultRestartLimits,
  initialRestart,
  isSettled,
  stepRestart,
  type RestartEffect,
  type RestartEvent,
  type RestartLimits,
  type RestartModel,
  type RestartPhase,
  type RestartStep,
} from './restart/policy.ts';
export {
  describeEnd,
  type HealthProbe,
  type OutputStream,
  type ProgramSpec,
  type Run,
  type RunEnd,
  type RunEvents,
  type Runner,
} from './runner.ts';
export {
  ServiceSupervisor,
  type EndedRun,
  type ServiceEvent,
  type ServiceSupervisorOptions,
} from './supervise/service-supervisor.ts';
export { stateOf, type ServiceView } from './supervise/view.ts';
export { readUsage, type Usage } from './usage/usage.ts';
export { createProber, type ProberOptions } from './health/prober.ts';
export {
  initialProbe,
  stepProbe,
  type ProbeEffect,
  type ProbeEvent,
  type ProbeModel,
  type ProbeStep,
} from './health/step-probe.ts';
export { SharedPorts, type SharedPortsOptions } from './shared-port/shared-ports.ts';
export {
  endLimits,
  initialLimits,
  stepLimits,
  watchesLimits,
  type LimitEffect,
  type LimitSample,
  type LimitsModel,
  type LimitsStep,
} from './watch/step-limits.ts';
export { SocketProvider, type ProvidedDescriptor } from './shared-port/socket-provider.ts';
