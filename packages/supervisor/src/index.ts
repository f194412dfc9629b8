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
  ReloadOrder,
  ResourceLimits,
  RunnerKind,
  ServiceDeclaration,
  StopRules,
} from './manifest/types.ts';
export type { PassedSockets, PortSharing, ProcessRunnerOptions } from './process-runner/options.ts';
export { emptyManifest } from './manifest/empty.ts';
export { ProcessRunner } from './process-runner/process-runner.ts';
export { runnerErrors } from './runner/errors.ts';
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
export { logDirectoryNote, planChanges } from './plan/plan-changes.ts';
export { serviceAsWritten, settingsAsWritten, type Written } from './plan/as-written.ts';
export type { Plan, PlannedChange, PlannedDifference } from './supervisor/types.ts';
export { explain } from './explain/explain.ts';
export type { Explained } from './explain/types.ts';
export { describeEnd } from './instance/describe.ts';
export { initialInstance, stepInstance } from './instance/machine.ts';
export {
  rulesOf,
  type InstanceEffect,
  type InstanceEvent,
  type InstanceModel,
  type InstanceRules,
  type InstanceStep,
  type InstanceTimer,
  type RunModel,
} from './instance/types.ts';
export {
  judgeEnd,
  noHistory,
  noteStart,
  type JudgedEnd,
  type Judgement,
  type RestartHistory,
  type Verdict,
} from './restart/decide.ts';
export { defaultRestartRules, type RestartRules } from './restart/types.ts';
export { supervisionErrors } from './supervisor/errors.ts';
export type {
  RememberedService,
  RememberedState,
  SupervisorMemory,
  SupervisorOptions,
} from './supervisor/options.ts';
export { Supervisor } from './supervisor/supervisor.ts';
export type {
  EndedRunView,
  Explanation,
  InstancePhase,
  InstanceView,
  ServiceView,
  StartCause,
  SupervisorControl,
  SupervisorEvent,
} from './supervisor/types.ts';
export type { ProbeKind, Prober, ProbeResult } from './health/types.ts';
export type {
  LogLine,
  LogReadOptions,
  BoundedLogStore,
  LogStatistics,
  LogStore,
  OutputStream,
  RunOutput,
} from './output/types.ts';
export type {
  HealthProbe,
  KeptLine,
  KeptOutput,
  LeftoverOutput,
  LimitName,
  ReclaimRequest,
  Run,
  RunEnd,
  RunEvents,
  RunId,
  Runner,
  RunnerCapabilities,
  RunSpec,
  Usage,
} from './runner/types.ts';
export { NativeRunner, type NativeRunnerOptions } from './native-runner/native-runner.ts';
export { lastNativeLines, readNativeLogs } from './native-runner/logs.ts';
export { openLogStore, type LogStoreOptions } from './output/log-store.ts';
export type { LogFileFacts, LogFileLabel, LogFileSystem } from './output/file-system.ts';
export { readJsonLine, type JsonLine } from './output/json-line.ts';
export { runProgramHost, type RunProgramHostOptions } from './native-runner/run-program-host.ts';
export { interleave } from './native-runner/interleave.ts';
export { installedUnits, removeUnit } from './native-runner/installed-units.ts';
