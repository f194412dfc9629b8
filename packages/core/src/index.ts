export * from './clock/index.ts';
export { formatDuration, formatSize, parseDuration, parseSize, quantityErrors } from './quantity.ts';
export {
  AppError,
  defineErrors,
  isAppError,
  messageOf,
  type AppErrorOptions,
  type ErrorEntry,
  type ErrorKind,
  type ErrorTable,
} from './errors.ts';
export { entriesOf } from './entries.ts';
export { ExitCode } from './exit-codes.ts';
export type { HostedService, HostKind, LivenessProbe, ServiceHost } from './host.ts';
export * from './lifecycle/index.ts';
export { logLevels, type LogFields, type Logger, type LogLevel, type LogMethod } from './logger.ts';
export type { PassedDescriptor } from './passed-descriptor.ts';
export type {
  LogQuery,
  ManagedEnd,
  ManagedEntry,
  ManagedLog,
  ManagedRun,
  ManagedState,
  ManagedUsage,
  ManagerAction,
  ManagerKind,
  ProgramLimits,
  ProgramSettings,
  RecoveryPolicy,
  ServiceAccount,
  ServiceChange,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceScope,
  ServiceSpec,
  WaitOptions,
} from './manager.ts';
export { serviceNameProblem } from './service-name.ts';
export {
  passedSocketsVariable,
  readPassedSockets,
  readReclaimRequest,
  readStartArguments,
  readSupervisedMessage,
  readSupervisorMessage,
  startArgumentsVariable,
  type ReclaimRequest,
  type SupervisedHealth,
  type SupervisedMessage,
  type SupervisorMessage,
} from './supervision.ts';
