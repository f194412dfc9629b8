import type { Instance } from '../instance/instance.ts';
import { supervisionErrors } from './errors.ts';
import type { Group } from './group.ts';
import type { StartCause } from './types.ts';
import { untilReady } from './waiting.ts';

/** A service whose instances are replaced or restarted one after the other. */
export interface Turn {
  readonly group: Group;
  /** True when what an instance waits for will not come. */
  readonly isHopeless: () => boolean;
}

/**
 * Gives the instances new processes one after the other, in the order that the service has said; each has to be there
 * before the next has its turn. Ends early when one fails (the others are better left as they are), or when another
 * command comes.
 * @returns the instance that failed; undefined when none did
 */
export function restartInTurn(
  turn: Turn,
  cause: StartCause,
  of: { readonly command: object; readonly which?: readonly Instance[]; readonly detail?: string },
): Promise<Instance | undefined> {
  const { group } = turn;
  const isStale = () => group.command !== of.command;
  return group.inTurn(async () => {
    for (const instance of of.which ?? group.instances) {
      if (isStale() || group.isStopped) return undefined;
      if (instance.isLeaving || instance.phase === 'stopped') continue;
      const failure = await replaceOne(turn, instance, { cause, detail: of.detail, isStale });
      if (failure !== undefined) return isStale() ? undefined : instance;
    }
    return undefined;
  });
}

/**
 * Reloads a service: by its own means where it has some, else by a new process for each instance in turn. Throws
 * SUPERVISOR_RELOAD_FAILED and leaves the rest as it was, or SUPERVISOR_INTERRUPTED.
 */
export function reloadInTurn(turn: Turn): Promise<void> {
  const { group } = turn;
  // One that is stopped, or still being stopped, has nothing to be reloaded.
  if (group.isStopped) return Promise.resolve();
  const command = group.begin();
  const isStale = () => group.command !== command;
  return group.inTurn(async () => {
    for (const instance of group.instances) {
      if (isStale()) throw interrupted(group, instance);
      if (instance.isLeaving || instance.phase === 'stopped' || instance.phase === 'completed') continue;
      if (await reloadItself(instance)) continue;
      const failure = await replaceOne(turn, instance, { cause: 'reload', detail: undefined, isStale });
      if (isStale()) throw interrupted(group, instance);
      if (failure !== undefined) throw failed(group, instance, failure);
    }
  });
}

interface Replacing {
  readonly cause: StartCause;
  readonly detail: string | undefined;
  readonly isStale: () => boolean;
}

/** @returns why it was given up */
async function replaceOne(turn: Turn, instance: Instance, how: Replacing): Promise<string | undefined> {
  const { cause, detail, isStale } = how;
  const since = instance.lastRun;
  const isHopeless = turn.isHopeless();
  // What runs is better than what has to wait, unless it must not run on.
  if (isHopeless && instance.hasProcess && (cause === 'reload' || cause === 'schedule'))
    return 'What it depends on is not there';
  if (!isHopeless && startsFirst(instance, cause)) {
    instance.reload(cause);
    await instance.until(() => !instance.isReloading);
    if (instance.reloadFailure !== undefined) return instance.reloadFailure;
  } else instance.send({ type: 'restart', cause, ...(detail !== undefined && { detail }) });
  // The old one may have ended by itself, and been replaced before the new one was ready.
  const outcome = await untilReady(instance, since, { isHopeless: turn.isHopeless, isStale });
  if (outcome === 'late') return 'The new process was not ready in time';
  if (outcome === 'failed') return 'It did not start';
  // The old one has to be gone before the next one's turn: never more than one instance is there twice.
  await instance.until(() => !instance.isDouble || isStale());
  return undefined;
}

/** One that takes too much memory must not be there twice; one that has no process has nothing to wait for. */
function startsFirst(instance: Instance, cause: StartCause): boolean {
  const { stop, runner } = instance.declaration;
  if (stop.reloadOrder !== 'start-first' || runner !== 'process' || cause === 'memory-limit') return false;
  return instance.live?.run !== undefined && instance.phase !== 'stopping';
}

/** @returns false when it has no means of its own */
async function reloadItself({ declaration, live }: Instance): Promise<boolean> {
  const { reloadSignal } = declaration.stop;
  if (!live?.run) return false;
  if (reloadSignal !== undefined) {
    live.run.signal(reloadSignal);
    return true;
  }
  if (live.status?.accepts.reload !== true) return false;
  return (await live.run.control({ type: 'reload' })) === 'accepted';
}

function failed(group: Group, instance: Instance, failure: string): Error {
  const text = failure.charAt(0).toLowerCase() + failure.slice(1);
  return supervisionErrors.error(
    'SUPERVISOR_RELOAD_FAILED',
    `${group.name}/${instance.index} has no new process that is ready: ${text}; the instances after it keep theirs; ` +
      `see \`mainstay logs ${group.name}\``,
    { details: { service: group.name, instance: instance.index } },
  );
}

function interrupted(group: Group, instance: Instance): Error {
  return supervisionErrors.error(
    'SUPERVISOR_INTERRUPTED',
    `The reload of ${group.name} was given up at instance ${instance.index}: another command came`,
  );
}
