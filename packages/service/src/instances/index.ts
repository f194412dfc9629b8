export { instanceErrors } from './errors.ts';
export type { InstanceReport } from './fleet.ts';
export { createPrimary, type Primary, type PrimaryOptions } from './primary.ts';
