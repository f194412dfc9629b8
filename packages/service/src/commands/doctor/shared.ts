// What other programs of the house build their own `doctor` from.
export { fail, ok, runChecks, warn, type Check, type CheckResult } from './check.ts';
export { clockCheck } from './clock-check.ts';
export { diskCheck, ffiCheck } from './machine-checks.ts';
