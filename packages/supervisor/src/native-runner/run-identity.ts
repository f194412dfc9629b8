import type { ManagedEnd, ServiceInfo } from '@mainstay/core';

import type { RunEnd } from '../runner/types.ts';

/** Exit codes by which systemd says that there was no program to run (systemd.exec(5), "Process Exit Codes"). */
const notExecuted: ReadonlyMap<number, string> = new Map([
  [200, 'its working directory cannot be entered'],
  [203, 'it could not be executed'],
  [216, 'its group is not known'],
  [217, 'its user is not known'],
]);

/** Tells one run of a unit from the next; a pid alone may come again. Undefined when nothing runs. */
export function identityOf({ pid, since, run }: ServiceInfo): string | undefined {
  if (run !== undefined) return run.id;
  return pid === undefined ? undefined : `${pid}@${since ?? ''}`;
}

export function isSameRun(identity: string | undefined, info: ServiceInfo): boolean {
  return identity !== undefined && identityOf(info) === identity;
}

/** The manager waits to start it again. */
export function startsAgain({ state, pid }: ServiceInfo): boolean {
  return state === 'start-pending' && pid === undefined;
}

/** The run never came to be. */
export function neverRan(error: Error | undefined): RunEnd {
  return { exitCode: undefined, signal: undefined, error, outOfMemory: false };
}

/** How a run ended: as it was noted at that moment, else as the manager says it now, if that is of the same run. Pure. */
export function endOf(identity: string | undefined, info: ServiceInfo, ends: readonly ManagedEnd[]): RunEnd {
  // One that was never seen while it ran is the only one that was begun since its file was.
  const noted = identity === undefined ? ends.at(-1) : ends.findLast(({ run }) => run === identity);
  if (noted) return withError({ ...noted, signal: noted.exitSignal });
  // Of another run, or of none that is known: then this one's end is not known either.
  const isOther = info.pid !== undefined || (info.run !== undefined && info.run.id !== identity);
  if (isOther) return neverRan(undefined);
  const { exitCode, exitSignal, run } = info;
  return withError({ exitCode, signal: exitSignal, outOfMemory: run?.outOfMemory ?? false });
}

function withError({
  exitCode,
  signal,
  outOfMemory,
}: Pick<RunEnd, 'exitCode' | 'signal' | 'outOfMemory'>): RunEnd {
  const reason = exitCode === undefined ? undefined : notExecuted.get(exitCode);
  if (reason === undefined) return { exitCode, signal, error: undefined, outOfMemory };
  return neverRan(new Error(`The program was not started: ${reason} (${exitCode} of systemd.exec(5))`));
}

/** When it began; managers know that to the second, rounded down, so that a run would begin before it was asked for. */
export function startOf({ run, since }: ServiceInfo, askedAt: number): number {
  const told = run?.startedAt ?? since ?? askedAt;
  return told < askedAt && told > askedAt - 1000 ? askedAt : told;
}
