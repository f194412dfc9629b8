import type { RunEnd } from '../runner/types.ts';

/** `exit code 1`, `signal SIGKILL`, or why it could not be started; to be put after "ended with". */
export function describeEnd(end: Pick<RunEnd, 'exitCode' | 'signal' | 'error'>): string {
  if (end.error) return `a failed start: ${end.error.message}`;
  if (end.signal !== undefined) return `signal ${end.signal}`;
  return end.exitCode === undefined ? 'an exit code that nobody saw' : `exit code ${end.exitCode}`;
}
