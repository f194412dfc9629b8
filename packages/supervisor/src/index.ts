export { supervisorErrors } from './manifest/errors.ts';
export { parseManifest } from './manifest/parse.ts';
export type {
  Manifest,
  ManifestLanguage,
  ManifestProblem,
  ManifestResult,
  ManifestService,
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
