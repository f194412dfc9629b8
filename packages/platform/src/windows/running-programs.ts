// What can be done with a running program on Windows from outside; loaded by `loadRunningPrograms`.
export { closeWindows, sendConsoleEvent } from './reach-program.ts';

import { readProcessUsage } from './job-processes.ts';

/** Open handles of a process; undefined when it is gone or not ours to look at, and under Wine, which says 0. */
export function countHandles(pid: number): number | undefined {
  return readProcessUsage(pid)?.handles || undefined;
}
