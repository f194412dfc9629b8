// Two hundred services that crash at once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  assertNoOrphans,
  assertOnlyShown,
  descriptorsOf,
  manifestOf,
  restartRules,
  shellService,
  twoProcesses,
  until,
  worldOf,
} from './world/index.ts';

const count = 200;
const crashing = Array.from({ length: count }, (_, at) =>
  shellService(`crashing-${at}`, 'echo down; exit 1', {
    restart: restartRules({
      backoffMinMs: 100,
      backoffMaxMs: 500,
      crashLoopStarts: 5,
      crashLoopWindowMs: 600_000,
    }),
  }),
);

describe('200 services that crash at once', () => {
  it('are all parked, while the agent answers and others run on', async (t) => {
    const world = worldOf(t);
    await world.start();
    const other = shellService('other', twoProcesses);
    await world.client.apply(manifestOf(other));
    const { pid } = await world.reaches('other', 'running');
    const before = descriptorsOf(world.pid);
    const applied = world.client.apply(manifestOf(other, ...crashing));
    let answers = 0;
    await until(
      'All are parked',
      async () => {
        const views = await world.client.services();
        // Each answers within the client's own bound, also in the middle of the storm.
        assert.equal((await world.client.agent()).pid, world.pid);
        answers += 1;
        return views.filter(({ state }) => state === 'parked').length;
      },
      (parked) => parked === count,
      180_000,
    );
    await applied;
    assert.ok(answers > 3);
    const { pid: now, run } = await world.instance('other');
    assert.deepEqual([now, run], [pid, 1]);
    for (const view of await world.client.services())
      if (view.name !== 'other') assert.equal(view.instances[0]?.run, 5, view.name);
    await assertOnlyShown(world);
    await until(
      'Descriptors are given back',
      () => descriptorsOf(world.pid),
      (after) => after <= before + 5,
    );
    await world.client.act('stop', []);
    assert.deepEqual(world.processes(), []);
    await world.client.apply(manifestOf());
    assert.deepEqual(await world.client.services(), []);
    await world.end();
    await assertNoOrphans(world);
  });
});
