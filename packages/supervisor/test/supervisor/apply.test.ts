import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Run } from '../../src/index.ts';
import { declare, manifestOf, probeOf, ScriptedRun, World } from './world.ts';

test('only what changed restarts; what was removed is stopped and forgotten', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders'), declare('mail'), declare('old'))));
  const orders = world.runner.latest('orders/0');
  const plan = await world.during(
    world.supervisor.apply(
      manifestOf(declare('orders'), declare('mail', { env: { A: '1' } }), declare('new')),
    ),
  );
  assert.deepEqual(
    plan.changes.map(({ service, action }) => `${action} ${service}`),
    ['remove old', 'restart mail', 'add new'],
  );
  assert.equal(orders.asked, 0);
  assert.equal(world.runner.latest('orders/0'), orders);
  assert.deepEqual(world.phases(), ['orders/0 running', 'mail/0 running', 'new/0 running']);
  assert.equal(world.runner.latest('mail/0').spec.env['A'], '1');
  assert.deepEqual(world.runner.forgotten, ['old']);
  assert.equal((await world.supervisor.apply(world.supervisor.manifest())).changes.length, 0);
});

test('new limits and probes take effect without a restart', async () => {
  const world = new World();
  const before = declare('orders');
  await world.during(world.supervisor.apply(manifestOf(before)));
  const run = world.runner.latest('orders/0');
  const limits = { ...before.limits, memoryHardBytes: 5e8 };
  const readiness = probeOf(80);
  await world.during(
    world.supervisor.apply(manifestOf({ ...before, limits, health: { ...before.health, readiness } })),
  );
  for (let at = 0; at < 12; at += 1) await world.advance(1000);
  assert.deepEqual(run.limits, limits);
  assert.equal(world.runner.runs.length, 1);
  assert.equal(world.phase('orders/0'), 'unready');
  await world.during(world.supervisor.apply(manifestOf(before)));
  assert.equal(world.phase('orders/0'), 'running');
  await world.supervisor.shutdown({ force: false });
  assert.equal(world.clock.pendingTimers, 0);
});

test('a new command that cannot start stops neither the others nor the instances after it', async () => {
  const world = new World();
  const orders = declare('orders', { instances: 3 });
  await world.during(world.supervisor.apply(manifestOf(orders, declare('mail'))));
  world.runner.onStart = (run) => {
    if (run.spec.declaration.program.command === 'broken')
      run.end({ error: new Error('spawn broken ENOENT') });
  };
  const program = { type: 'exec', command: 'broken', args: [] } as const;
  await world.during(world.supervisor.apply(manifestOf({ ...orders, program }, declare('mail'))));
  const commands = world.runner
    .living()
    .map(({ id, spec }) => `${id.service}/${id.instance} ${spec.declaration.program.command}`);
  assert.deepEqual(commands.sort(), ['mail/0 mail', 'orders/1 orders', 'orders/2 orders']);
  world.runner.onStart = () => undefined;
  await world.during(world.supervisor.apply(manifestOf(orders, declare('mail'))));
  assert.deepEqual(new Set(world.phases().map((phase) => phase.split(' ')[1])), new Set(['running']));
});

test('a service that comes back before it has gone is not started twice', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders'))));
  const first = world.runner.latest('orders/0');
  first.obeys = false;
  const removed = world.supervisor.apply(manifestOf());
  await world.settle();
  const added = world.supervisor.apply(manifestOf(declare('orders', { env: { A: '1' } })));
  await world.settle();
  assert.equal(world.runner.runs.length, 1);
  first.end(0);
  await world.during(Promise.all([removed, added]));
  assert.deepEqual(world.phases(), ['orders/0 running']);
  assert.equal(world.runner.latest('orders/0').spec.env['A'], '1');
  assert.deepEqual(world.runner.forgotten, []);
});

test('what an earlier agent knew goes on: numbers of runs, scale, stops by hand', async () => {
  const first = new World();
  await first.during(first.supervisor.apply(manifestOf(declare('orders'), declare('mail'))));
  await first.during(first.supervisor.scale('orders', 2));
  first.runner.latest('orders/1').end(1);
  await first.advance(1_000);
  await first.supervisor.stop(['mail']);
  await first.supervisor.shutdown({ force: false });
  const remembered = first.written.at(-1);
  assert.deepEqual(remembered, {
    services: {
      orders: { instances: 2, isStopped: false, runs: [1, 2], restarts: [{}, { crash: 1 }] },
      mail: { instances: undefined, isStopped: true, runs: [1], restarts: [{}] },
    },
  });
  const second = new World(remembered);
  await second.during(second.supervisor.apply(manifestOf(declare('orders'), declare('mail'))));
  assert.deepEqual(second.phases(), ['orders/0 running', 'orders/1 running', 'mail/0 stopped']);
  assert.equal(second.runner.latest('orders/1').id.run, 3);
  assert.equal(second.supervisor.views()[0]?.instances[1]?.restarts, 1);
  await second.during(second.supervisor.start(['mail']));
  assert.equal(second.runner.latest('mail/0').id.run, 2);
});

test('the numbers of runs are written at once, and what else changes is collected', async () => {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('orders'), declare('mail'), declare('web'))));
  const runs = Object.values(world.written.at(-1)?.services ?? {}).map((service) => service.runs);
  assert.deepEqual(runs, [[1], [1], [1]]);
  assert.equal(world.written.length, 1);
  await world.advance(1000);
  assert.ok(world.written.length <= 2);
});

test('processes of an earlier agent are taken over, not started again', async () => {
  const world = new World();
  let adopted: Run | undefined;
  world.runner.adopted = (specOf, eventsOf) => {
    assert.equal(specOf({ service: 'gone', instance: 0 }), undefined);
    assert.equal(specOf({ service: 'orders', instance: 7 }), undefined);
    const spec = specOf({ service: 'orders', instance: 0 });
    assert.ok(spec);
    const events = eventsOf(spec);
    const id = { ...spec.id, run: 4 };
    adopted = new ScriptedRun({ ...spec, id }, events, { pid: 7, startedAt: world.clock.now() - 60_000 });
    return [adopted];
  };
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { instances: 2 }))));
  const [first, second] = world.supervisor.views()[0]?.instances ?? [];
  assert.deepEqual([first?.phase, first?.pid, first?.run, first?.uptimeMs], ['running', 7, 4, 60_000]);
  assert.deepEqual([second?.phase, second?.run], ['running', 1]);
  (adopted as ScriptedRun).end(1);
  await world.settle();
  assert.equal(world.runner.latest('orders/0').id.run, 5);
});
