// The SDK as a service imports it. Every service loads this file at start: nothing heavy may be imported from here.
export {
  AppError,
  defineErrors,
  ExitCode,
  formatDuration,
  formatSize,
  isAppError,
  parseDuration,
  parseSize,
} from '@mainstay/core';
export type {
  LifecycleLimits,
  LogFields,
  Logger,
  LogLevel,
  PassedDescriptor,
  PowerEvent,
  ReclaimRequest,
  SessionEvent,
} from '@mainstay/core';
export { defineService } from './define-service.ts';
export { serviceErrors } from './errors.ts';
export {
  httpErrors,
  readBody,
  readJson,
  sendJson,
  sendProblem,
  serveHttp,
  type HttpContext,
  type HttpHandler,
  type HttpOptions,
  type HttpService,
  type Problem,
  type RoutingApplication,
} from './http/index.ts';
export { Service, type ServiceClass, type ServiceInstance } from './service-class.ts';
export type {
  CommandLine,
  ConfigOf,
  ControlHandlers,
  Disposer,
  Health,
  HealthCheckResult,
  HealthReport,
  HealthState,
  InstallDefaults,
  Quantiles,
  RuntimeMetrics,
  RuntimeSnapshot,
  ServiceContext,
  ServiceDefinition,
  ServiceHandlers,
  Tasks,
  WorkerPool,
} from './types.ts';
export { writeFileAtomic } from '@mainstay/platform';
