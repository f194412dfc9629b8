import type { Instance } from '../instance/instance.ts';
import type { InstancePhase } from './types.ts';

/** How long a program without a readiness probe has to live before its start counts as one, in ms. */
const settleMs = 100;

const there: ReadonlySet<InstancePhase> = new Set(['running', 'unready', 'completed']);
const given: ReadonlySet<InstancePhase> = new Set(['failed', 'parked', 'stopped', 'waiting']);

export type Outcome = 'there' | 'failed';

/**
 * Waits until an instance that was told to start is there, or has failed to be. `since` is the number of its latest run
 * before: another one has to come, unless it runs already.
 `isStale` tells that nobody wants to know any more.
 */
export async function untilThere(
  instance: Instance,
  since: number,
  isHopeless: () => boolean,
  isStale: () => boolean = () => false,
): Promise<Outcome> {
  const isThere = () => there.has(instance.phase) && instance.lastRun > since;
  const hasFailed = () =>
    given.has(instance.phase) ||
    // Started again at once after a crash: that was not the start that was asked for.
    (instance.lastEnd !== undefined && instance.lastEnd.run > since) ||
    (instance.phase === 'blocked' && isHopeless());
  await instance.until(() => isThere() || hasFailed() || isStale());
  // What cannot say that it is ready may not even have been found on the disk.
  const isMute = instance.declaration.health.readiness === undefined && instance.phase === 'running';
  if (isMute && instance.uptimeMs < settleMs)
    await instance.until(() => hasFailed() || isStale(), settleMs - instance.uptimeMs);
  return isThere() && !hasFailed() ? 'there' : 'failed';
}

/** Waits until nothing is under way: it runs, it waits for something, or it has ended. */
export async function untilCalm(instance: Instance): Promise<void> {
  await instance.until(() => instance.phase !== 'starting' && instance.phase !== 'stopping');
  // Its program may not have been found; the runner says so a little later.
  const hasNoPid = () => instance.live?.run !== undefined && instance.live.run.pid === undefined;
  if (hasNoPid()) await instance.until(() => !hasNoPid(), settleMs);
}

/** Waits until the processes that it has now have ended; others may have come by then. */
export function untilEnded(instance: Instance): Promise<void> {
  const { lastRun } = instance;
  return instance.until(() => !instance.hasProcess || instance.lastRun > lastRun);
}
