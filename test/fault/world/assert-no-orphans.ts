import assert from 'node:assert/strict';

import type { FaultWorld } from './fault-world.ts';
import { runs } from './processes.ts';
import { until } from './until.ts';

/**
 * After the end of an agent, however it ended: no process of its services, no control group, no guardian. It may take the
 * guardian a moment.
 *
 * @param pids what programs have written down of their processes: also those that left everything behind are found by it
 */
export async function assertNoOrphans(world: FaultWorld, pids: readonly number[] = []): Promise<void> {
  assert.equal(world.isAlive, false, 'the agent has ended');
  const none = { processes: [], pids: [], cgroups: [], guardians: [] };
  await until(
    'No orphan',
    () => ({
      processes: world.processes(),
      pids: pids.filter(runs),
      cgroups: world.cgroups(),
      guardians: world.guardians(),
    }),
    (left) => JSON.stringify(left) === JSON.stringify(none),
  );
}

/**
 * While an agent runs and nothing is asked of it: what lives is what it shows, one run of each instance that has a
 * process, and no other.
 */
export async function assertOnlyShown(world: FaultWorld): Promise<void> {
  await until(
    'What lives is what is shown',
    async () => {
      const views = await world.client.services();
      const shown = views.flatMap(({ name, instances }) =>
        instances.flatMap(({ instance, run, pid }) =>
          pid === undefined ? [] : [`${name}/${instance}#${run}`],
        ),
      );
      const alive = new Set(
        world.processes().map(({ service, instance, run }) => `${service ?? 'nobody'}/${instance}#${run}`),
      );
      return { shown: shown.sort(), alive: [...alive].sort() };
    },
    ({ shown, alive }) => JSON.stringify(shown) === JSON.stringify(alive),
  );
}
