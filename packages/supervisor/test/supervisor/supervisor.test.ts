import assert from 'node:assert/strict';
import { test } from 'node:test';

import { declare, manifestOf, World } from './world.ts';

test('services start, and a crash is followed by a new process: after the back-off, at once when the run has lasted', async () => {
  const world = new World();
  await world.supervisor.apply(manifestOf(declare('orders'), declare('mail')));
  assert.deepEqual(world.phases(), ['orders/0 running', 'mail/0 running']);
  world.runner.latest('orders/0').end(1);
  await world.settle();
  assert.equal(world.phase('orders/0'), 'waiting');
  await world.advance(1_000);
  assert.equal(world.runner.latest('orders/0').id.run, 2);
  await world.advance(10_000);
  world.runner.latest('orders/0').end(1);
  await world.settle();
  assert.equal(world.runner.latest('orders/0').id.run, 3);
  assert.equal(world.runner.runs.length, 4);
  assert.deepEqual(world.phases(), ['orders/0 running', 'mail/0 running']);
});

test('a shutdown ends everything and leaves no timer', async () => {
  const world = new World();
  await world.supervisor.apply(manifestOf(declare('orders', { instances: 3 })));
  await world.supervisor.shutdown({ force: false });
  assert.deepEqual(world.runner.living(), []);
  assert.equal(world.clock.pendingTimers, 0);
});
