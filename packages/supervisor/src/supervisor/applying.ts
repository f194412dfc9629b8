import type { Logger } from '@mainstay/core';

import type { Instance } from '../instance/instance.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import type { Group } from './group.ts';
import type { AdoptedRun } from './opening.ts';
import { restartInTurn } from './rolling.ts';
import type { Services } from './services.ts';
import { stopInOrder } from './stopping.ts';
import type { PlannedChange } from './types.ts';
import { untilCalm } from './waiting.ts';

/** Stops services and lets go of them, those that depend on others first. */
export async function removeServices(services: Services, groups: readonly Group[]): Promise<void> {
  for (const group of groups) {
    group.isRemoved = true;
    for (const instance of group.all) instance.isLeaving = true;
  }
  await stopInOrder(groups);
  for (const group of groups) services.sweep(group);
}

/** Starts a service that is new, or that comes back before it has gone. */
export async function addService(
  services: Services,
  declaration: ServiceDeclaration,
  adopted: readonly AdoptedRun[],
): Promise<void> {
  const leaving = services.get(declaration.name);
  const group = leaving ?? services.add(declaration);
  if (leaving) {
    leaving.begin();
    leaving.isRemoved = false;
    leaving.change(declaration);
    leaving.resize();
  }
  for (const { run, take } of adopted) {
    const instance = group.instances.find(({ index }) => index === run.id.instance);
    if (instance && run.id.service === group.name) take(instance.adopt(run));
  }
  if (!declaration.autoStart || group.isStopped) return;
  for (const instance of group.instances)
    instance.send({ type: 'start', cause: leaving ? 'config' : 'start' });
  await Promise.all(group.instances.map(untilCalm));
}

/** Carries out one change of a service that is there and stays. */
export async function changeService(
  services: Services,
  group: Group,
  {
    declaration,
    action,
    log,
  }: {
    readonly declaration: ServiceDeclaration;
    readonly action: PlannedChange['action'];
    readonly log: Logger;
  },
): Promise<void> {
  const isScaled = declaration.instances !== group.declaration.instances;
  group.change(declaration);
  if (isScaled) group.scaled = undefined;
  const added = isScaled ? resize(group) : Promise.resolve();
  if (action === 'restart' && !group.isStopped) {
    const old = group.instances.filter(
      (instance) => instance.phase !== 'stopped' && instance.declaration === declaration,
    );
    const failed = await restartInTurn(services.turn(group), 'config', {
      command: group.begin(),
      which: old,
    });
    if (failed)
      log.error(
        { service: group.name, instance: failed.index, reason: failed.view().reason },
        'It does not run with its new declaration; the instances after it were left as they are',
      );
  }
  await added;
  // One that had stopped before has nothing more to tell.
  services.sweep(group);
}

/** Makes as many instances as there should be; resolves when they are there or have failed, and the others have gone. */
export async function resize(group: Group): Promise<void> {
  const alone = group.instances.filter((instance) => instance.live?.run?.listensAlone === true);
  const added = group.resize();
  const leaving = group.all.filter((instance) => instance.isLeaving);
  for (const instance of leaving.toReversed()) instance.send({ type: 'stop' });
  if (added.length > 0 && !group.isStopped) {
    if (alone.length > 0) await Promise.all(alone.map(shareItsPorts));
    // Another command may have come meanwhile.
    for (const instance of added)
      if (!group.isStopped && !instance.isLeaving) instance.send({ type: 'start', cause: 'scale' });
  }
  await Promise.all([...added.map(untilCalm), ...leaving.map(untilGone)]);
}

/** A program that listens by itself would keep the port from those that come: its next run shares it with them. */
async function shareItsPorts(instance: Instance): Promise<void> {
  const { lastRun } = instance;
  instance.send({ type: 'restart', cause: 'scale' });
  await instance.until(() => instance.lastRun > lastRun || !instance.hasProcess);
}

function untilGone(instance: Instance): Promise<void> {
  return instance.until(() => !instance.isLeaving || (!instance.hasProcess && instance.phase === 'stopped'));
}
