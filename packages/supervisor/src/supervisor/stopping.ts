import { startOrder } from '../order/graph.ts';
import type { Group } from './group.ts';
import { untilEnded } from './waiting.ts';

/**
 * Stops services, those that depend on others first; resolves when all of their processes have ended. A command that
 * comes for one of them meanwhile wins.
 */
export async function stopInOrder(groups: readonly Group[]): Promise<void> {
  const order = startOrder(
    groups.map((group) => ({ name: group.name, dependsOn: group.declaration.dependsOn, group })),
  );
  const stopped = new Map<string, Promise<void>>();
  for (const { group } of order.toReversed()) {
    const dependents = order.filter(({ dependsOn }) =>
      dependsOn.some(({ service }) => service === group.name),
    );
    const first = dependents.flatMap(({ name }) => stopped.get(name) ?? []);
    stopped.set(group.name, stopGroup(group, first));
  }
  await Promise.all(stopped.values());
}

async function stopGroup(group: Group, first: readonly Promise<void>[]): Promise<void> {
  const command = group.begin();
  if (first.length > 0 && group.hasProcess) {
    for (const instance of group.all) if (!instance.hasProcess) instance.send({ type: 'stop' });
    await Promise.all(first);
    if (group.command !== command) return;
  }
  // The highest first, as when scaling down.
  for (const instance of group.all.toReversed()) instance.send({ type: 'stop' });
  await Promise.all(group.all.map(untilEnded));
}
