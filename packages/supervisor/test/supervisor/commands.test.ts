import assert from 'node:assert/strict';
import { test } from 'node:test';

import { declare, manifestOf, probeOf, World } from './world.ts';

const none = { startup: undefined, readiness: undefined, liveness: undefined };
const db = declare('db');
const orders = declare('orders', { dependsOn: [{ service: 'db', condition: 'started' }] });
const web = declare('web', { dependsOn: [{ service: 'orders', condition: 'started' }] });

/** `code` of what a promise is rejected with. */
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { readonly code: unknown }) => error.code,
  );

test('services start after what they depend on, and stop before it', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(web, orders, db)));
  assert.deepEqual(
    world.runner.runs.map(({ id }) => id.service),
    ['db', 'orders', 'web'],
  );
  world.runner.latest('web/0').obeys = false;
  const stopped = world.supervisor.shutdown({ force: false });
  await world.settle();
  assert.deepEqual(
    world.runner.runs.map(({ asked }) => asked),
    [0, 0, 1],
  );
  world.runner.latest('web/0').end(0);
  await stopped;
  assert.deepEqual(world.runner.living(), []);
});

test('dependents keep running while a dependency restarts', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(db, orders)));
  await world.during(world.supervisor.restart(['db']));
  assert.equal(world.runner.latest('orders/0').id.run, 1);
  assert.equal(world.runner.latest('orders/0').asked, 0);
  assert.equal(world.runner.latest('db/0').id.run, 2);
});

test('a blocked service shows what it waits for, and starts when that is well', async () => {
  const world = new World();
  const slow = declare('db', { health: { ...none, readiness: probeOf(5432) } });
  const waiting = { ...orders, dependsOn: [{ service: 'db', condition: 'healthy' } as const] };
  void world.supervisor.apply(manifestOf(slow, waiting));
  await world.settle();
  assert.equal(world.phase('orders/0'), 'blocked');
  assert.deepEqual(world.supervisor.views()[1]?.waitsFor, ['db']);
  world.probeSays(5432, true);
  await world.advance(1000);
  assert.deepEqual(world.phases(), ['db/0 running', 'orders/0 running']);
  assert.deepEqual(world.supervisor.views()[1]?.waitsFor, []);
});

test('a start takes along what was stopped and is needed', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(db, orders)));
  await world.supervisor.stop([]);
  await world.during(world.supervisor.start(['orders']));
  assert.deepEqual(world.phases(), ['db/0 running', 'orders/0 running']);
});

test('a start that fails says why', async () => {
  const world = new World();
  world.runner.onStart = (run) => run.end({ error: new Error('spawn orders ENOENT') });
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { autoStart: false }))));
  await assert.rejects(world.during(world.supervisor.start(['orders'])), {
    code: 'SUPERVISOR_START_FAILED',
    message: /could not be started: spawn orders ENOENT/,
  });
  await world.supervisor.shutdown({ force: false });
});

test('unknown names and impossible numbers are refused', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(db)));
  await assert.rejects(world.supervisor.stop(['bd']), {
    code: 'SUPERVISOR_UNKNOWN_SERVICE',
    message: 'There is no service bd; there are: db',
  });
  for (const instances of [0, -1, 1.5, 100_000])
    assert.equal(await codeOf(world.supervisor.scale('db', instances)), 'SUPERVISOR_INVALID_SCALE');
  await world.supervisor.shutdown({ force: false });
  assert.equal(await codeOf(world.supervisor.start(['db'])), 'SUPERVISOR_CLOSING');
});

test('a program that ignores the request is killed after its grace, and a second shutdown does not wait', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders'))));
  const run = world.runner.latest('orders/0');
  run.obeys = false;
  const stopped = world.supervisor.stop(['orders']);
  await world.advance(14_999);
  assert.equal(run.killed, 0);
  await world.advance(1);
  assert.equal(run.killed, 1);
  await stopped;
  const [ended] = world.events.filter((event) => event.type === 'ended');
  assert.equal(ended?.end.forced, true);

  await world.during(world.supervisor.start(['orders']));
  world.runner.latest('orders/0').obeys = false;
  const first = world.supervisor.shutdown({ force: false });
  await world.settle();
  await world.supervisor.shutdown({ force: false });
  await first;
  assert.deepEqual(world.runner.living(), []);
});

test('scaling adds at the end and takes the highest first', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { instances: 2 }))));
  await world.during(world.supervisor.scale('orders', 4));
  assert.equal(world.supervisor.views()[0]?.wanted, 4);
  assert.equal(world.runner.living('orders').length, 4);
  await world.during(world.supervisor.scale('orders', 1));
  assert.deepEqual(world.phases(), ['orders/0 running']);
  assert.deepEqual(
    world.runner.runs.map(({ asked }) => asked),
    [0, 1, 1, 1],
  );
  await world.during(
    world.supervisor.apply(manifestOf(declare('orders', { instances: 2, env: { A: '1' } }))),
  );
  assert.equal(world.supervisor.views()[0]?.wanted, 1, 'what was said by hand stays');
  await world.during(
    world.supervisor.apply(manifestOf(declare('orders', { instances: 3, env: { A: '1' } }))),
  );
  assert.equal(world.runner.living('orders').length, 3);
});

test('a stop takes back the restart that is due', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(db)));
  world.runner.latest('db/0').end(1);
  await world.settle();
  assert.equal(world.phase('db/0'), 'waiting');
  await world.supervisor.stop(['db']);
  assert.equal(world.phase('db/0'), 'stopped');
  await world.advance(600_000);
  assert.equal(world.runner.runs.length, 1);
});

test('settled when nothing runs and nothing will', async () => {
  const world = new World();
  const job = declare('job', { restart: { ...db.restart, policy: 'on-failure' } });
  const after = declare('after', { dependsOn: [{ service: 'job', condition: 'healthy' }], autoStart: true });
  await world.during(world.supervisor.apply(manifestOf(job)));
  let isSettled = false;
  const settled = world.supervisor.settled().finally(() => {
    isSettled = true;
  });
  await world.during(world.supervisor.apply(manifestOf(job, after)));
  world.runner.latest('job/0').end(1);
  // The back-off.
  await world.advance(2000);
  assert.equal(isSettled, false);
  world.runner.latest('job/0').end(0);
  await world.settle();
  assert.equal(isSettled, false);
  // Is always restarted, and waits then for a job that has completed: that will never be healthy again.
  world.runner.latest('after/0').end(0);
  await world.advance(2000);
  await settled;
  assert.equal(world.phase('after/0'), 'blocked');
});

test('an instance that had stopped before goes when its service is made smaller', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { instances: 3 }))));
  await world.during(world.supervisor.stop(['orders']));
  await world.during(world.supervisor.scale('orders', 2));
  assert.deepEqual(world.phases(), ['orders/0 stopped', 'orders/1 stopped']);
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { instances: 1 }))));
  assert.deepEqual(world.phases(), ['orders/0 stopped']);
});
