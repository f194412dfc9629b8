// The tables of errors without what throws them, for who shows them or throws the same.
export { supervisorErrors } from './manifest/errors.ts';
export { supervisionErrors } from './supervisor/errors.ts';
