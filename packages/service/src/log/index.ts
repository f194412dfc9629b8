export { createServiceLog, type ServiceLog, type ServiceLogOptions } from './service-log.ts';
export type { LogBase } from './encoder.ts';
export type { SecretMask } from './redaction.ts';
