import type { Instance } from '../instance/instance.ts';
import { supervisionErrors } from './errors.ts';
import type { Group } from './group.ts';
import type { StartCause } from './types.ts';
import { untilThere } from './waiting.ts';

/** A service whose instances are replaced or restarted one after the other. */
export interface Turn {
  readonly group: Group;
  /** True when what an instance waits for will not come. */
  readonly isHopeless: () => boolean;
}

/**
 * Restarts the instances one after the other; each has to be there before the next goes. Ends early when one fails (the
 * others are better left as they are), or when another command comes.
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
      const since = instance.lastRun;
      instance.send({ type: 'restart', cause, ...(of.detail !== undefined && { detail: of.detail }) });
      const outcome = await untilThere(instance, since, turn.isHopeless, isStale);
      if (outcome === 'failed') return isStale() ? undefined : instance;
    }
    return undefined;
  });
}

/**
 * Reloads a service: by its own means where it has some, else by a replacement for each instance in turn, which has to
 * be ready before the old one is asked to end. Throws SUPERVISOR_RELOAD_FAILED and leaves the rest as it was, or
 * SUPERVISOR_INTERRUPTED.
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
      const failure = await reloadOne(turn, instance, isStale);
      if (isStale()) throw interrupted(group, instance);
      if (failure !== undefined) throw failed(group, instance, failure);
    }
  });
}

/** @returns why it was given up */
async function reloadOne(
  turn: Turn,
  instance: Instance,
  isStale: () => boolean,
): Promise<string | undefined> {
  if (!instance.live?.run || instance.phase === 'stopping') {
    // One that has no process has nothing to be replaced.
    const since = instance.lastRun;
    instance.send({ type: 'restart', cause: 'reload' });
    const outcome = await untilThere(instance, since, turn.isHopeless, isStale);
    return outcome === 'there' ? undefined : 'It did not start';
  }
  if (await reloadItself(instance)) return undefined;
  if (turn.isHopeless()) return 'What it depends on is not there';
  const since = instance.lastRun;
  instance.reload();
  await instance.until(() => !instance.isReloading);
  if (instance.reloadFailure !== undefined) return instance.reloadFailure;
  // The old one may have ended by itself, and been replaced before the new one was ready.
  if ((await untilThere(instance, since, turn.isHopeless, isStale)) === 'failed') return 'It did not start';
  // The old one has to be gone before the next one's turn: never more than one instance is there twice.
  await instance.until(() => !instance.isDouble || isStale());
  return undefined;
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
    `${group.name}/${instance.index} was not replaced, and stays as it was: ${text}; see ` +
      `\`mainstay logs ${group.name}\``,
    { details: { service: group.name, instance: instance.index } },
  );
}

function interrupted(group: Group, instance: Instance): Error {
  return supervisionErrors.error(
    'SUPERVISOR_INTERRUPTED',
    `The reload of ${group.name} was given up at instance ${instance.index}: another command came`,
  );
}
