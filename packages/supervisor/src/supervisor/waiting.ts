import type { Instance } from '../instance/instance.ts';
import type { InstancePhase } from './types.ts';

/** How long a program without a readiness probe has to live before its start counts as one, in ms. */
const settleMs = 100;
/** The same before the next instance has its turn: most programs are there by then. */
const turnMs = 1000;

const there: ReadonlySet<InstancePhase> = new Set(['running', 'unready', 'completed']);
const given: ReadonlySet<InstancePhase> = new Set(['failed', 'parked', 'stopped', 'waiting']);

export type Outcome = 'there' | 'failed' | 'late';

export interface Awaited {
  /** What it waits for will not come. */
  readonly isHopeless: () => boolean;
  /** Nobody wants to know any more. @default never */
  readonly isStale?: () => boolean;
}

/**
 * Waits until an instance that was told to start is there, or has failed to be. `since` is the number of its latest run
 * before: another one has to come, unless it runs already.
 */
export async function untilThere(instance: Instance, since: number, awaited: Awaited): Promise<Outcome> {
  return await watch(instance, since, { ...awaited, withinMs: undefined, muteMs: settleMs });
}

/** The same for one of several in turn: it has to be ready in time, counted from the beginning of the new process. */
export async function untilReady(instance: Instance, since: number, awaited: Awaited): Promise<Outcome> {
  return await watch(instance, since, { ...awaited, withinMs: instance.readyWithinMs, muteMs: turnMs });
}

async function watch(
  instance: Instance,
  since: number,
  of: Awaited & { readonly withinMs: number | undefined; readonly muteMs: number },
): Promise<Outcome> {
  const { isHopeless, isStale = () => false, muteMs } = of;
  const isThere = () => there.has(instance.phase) && instance.lastRun > since;
  const hasFailed = () =>
    given.has(instance.phase) ||
    // Started again at once after a crash: that was not the start that was asked for.
    (instance.lastEnd !== undefined && instance.lastEnd.run > since) ||
    (instance.phase === 'blocked' && isHopeless());
  const isOver = () => isThere() || hasFailed() || isStale();
  // The old process has its grace first.
  await instance.until(() => isOver() || instance.lastRun > since);
  await instance.until(isOver, of.withinMs);
  if (!isOver()) return 'late';
  // What cannot say that it is ready may not even have been found on the disk.
  const isMute = instance.declaration.health.readiness === undefined && instance.phase === 'running';
  if (isMute && instance.uptimeMs < muteMs)
    await instance.until(() => hasFailed() || isStale(), muteMs - instance.uptimeMs);
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
