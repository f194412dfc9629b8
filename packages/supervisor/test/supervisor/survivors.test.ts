import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LifecycleStatus } from '@mainstay/core';

import { declare, manifestOf, probeOf, World } from './world.ts';

const native = declare('mail', {
  runner: 'native',
  health: { startup: undefined, readiness: undefined, liveness: probeOf(25) },
});

/** What the service manager says of a unit that runs. */
const up: LifecycleStatus = {
  state: 'running',
  accepts: { pause: false, reload: false, custom: [], sessionChange: false, powerEvent: false },
  checkpoint: 0,
  waitHintMs: 0,
  reloading: false,
  text: '',
};

async function running(): Promise<World> {
  const world = new World();
  world.probeSays(25, true);
  world.native.onStart = ({ events }) => queueMicrotask(() => events.onStatus(up));
  await world.during(world.supervisor.apply(manifestOf(declare('orders'), native)));
  await world.settle();
  return world;
}

test('a shutdown that leaves survivors ends the others, and asks nothing of what lives on', async () => {
  const world = await running();
  await world.during(world.supervisor.shutdown({ force: false, leaveSurvivors: true }));
  assert.deepEqual(world.runner.living(), []);
  const [survivor, ...others] = world.native.living();
  assert.equal(others.length, 0);
  assert.deepEqual([survivor?.asked, survivor?.killed], [0, 0]);
  assert.equal(world.clock.pendingTimers, 0, 'its probe is over');
});

test('what becomes of a survivor after that is not told, nor made good', async () => {
  const world = await running();
  await world.during(world.supervisor.shutdown({ force: false, leaveSurvivors: true }));
  const told = world.events.length;
  world.native.latest('mail/0').end(1);
  await world.advance(100_000);
  assert.equal(world.events.length, told);
  assert.equal(world.native.runs.length, 1);
});

test('a forced one leaves them, too', async () => {
  const world = await running();
  world.runner.latest('orders/0').obeys = false;
  await world.during(world.supervisor.shutdown({ force: true, leaveSurvivors: true }));
  assert.deepEqual(world.runner.living(), []);
  assert.equal(world.native.latest('mail/0').killed, 0);
});

test('without it, they end with the others', async () => {
  const world = await running();
  await world.during(world.supervisor.shutdown({ force: false }));
  assert.deepEqual([...world.runner.living(), ...world.native.living()], []);
  assert.equal(world.native.latest('mail/0').asked, 1);
});

test('the next supervisor takes a survivor over, and starts none beside it', async () => {
  const world = await running();
  await world.during(world.supervisor.shutdown({ force: false, leaveSurvivors: true }));
  const survivor = world.native.latest('mail/0');
  const next = new World(world.written.at(-1));
  next.probeSays(25, true);
  next.native.adopted = (specOf, eventsOf) => {
    const spec = specOf({ service: 'mail', instance: 0 });
    assert.ok(spec);
    eventsOf(spec).onStatus(up);
    return [survivor];
  };
  await next.during(next.supervisor.apply(manifestOf(declare('orders'), native)));
  assert.deepEqual(next.native.runs, []);
  assert.equal(next.phase('mail/0'), 'running');
  assert.equal(next.supervisor.views().find(({ name }) => name === 'mail')?.instances[0]?.pid, survivor.pid);
  assert.deepEqual(
    next.runner.living().map(({ id }) => id.run),
    [2],
    'the other one has a new run',
  );
  await next.during(next.supervisor.stop(['mail']));
  assert.equal(survivor.asked, 1);
});
