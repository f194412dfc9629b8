import assert from 'node:assert/strict';
import { test } from 'node:test';

import { declare, manifestOf, probeOf, World } from './world.ts';

const none = { startup: undefined, readiness: undefined, liveness: undefined };
const { stop } = declare('orders');
const startFirst: typeof stop = { ...stop, reloadOrder: 'start-first' };
const inPlace = declare('orders', { instances: 2, health: { ...none, readiness: probeOf(80) } });
const probed = { ...inPlace, stop: startFirst };

async function running(declaration = probed): Promise<World> {
  const world = new World();
  world.probeSays(80, true);
  await world.during(world.supervisor.apply(manifestOf(declaration)));
  await world.settle();
  return world;
}

const numbers = (world: World) => world.runner.living().map(({ id }) => `${id.instance}#${id.run}`);

test('each instance ends before its new process starts, which is ready before the next one goes', async () => {
  const world = await running(inPlace);
  const old = world.runner.runs[0];
  assert.ok(old);
  old.obeys = false;
  world.probeSays(80, false);
  const reloaded = world.supervisor.reload(['orders']);
  await world.advance(3000);
  assert.equal(old.asked, 1);
  assert.deepEqual(numbers(world), ['0#1', '1#1'], 'nothing is started before it has ended');
  old.end(0);
  await world.advance(500);
  assert.deepEqual(numbers(world), ['1#1', '0#2'], 'the next one waits until it is ready');
  world.probeSays(80, true);
  await world.during(reloaded);
  assert.deepEqual(numbers(world), ['0#2', '1#2']);
  assert.match(world.why('orders'), /^orders\/0 was restarted \w+ ago by a reload \(run 2\)\n/);
  await world.supervisor.shutdown({ force: false });
  assert.equal(world.clock.pendingTimers, 0);
});

test('a new process that ends is the end of the reload: the next instance keeps its own', async () => {
  const world = await running(inPlace);
  world.runner.onStart = (run) => run.end(1);
  const reloaded = world.supervisor.reload(['orders']);
  await assert.rejects(world.during(reloaded), {
    code: 'SUPERVISOR_RELOAD_FAILED',
    message: /did not start/,
  });
  assert.deepEqual(numbers(world), ['1#1']);
});

test('a new process that is not ready in time is the end of the reload, too', async () => {
  const world = await running(inPlace);
  world.probeSays(80, false);
  const reloaded = world.supervisor.reload(['orders']);
  const failed = assert.rejects(reloaded, { code: 'SUPERVISOR_RELOAD_FAILED', message: /not ready in time/ });
  // Longer than 90 s and what the probe may take.
  for (let seconds = 0; seconds < 100; seconds += 1) await world.advance(1000);
  await failed;
  assert.deepEqual(numbers(world), ['1#1', '0#2'], 'it may still become ready');
});

test('without a probe, a new process has to live for a second before the next one goes', async () => {
  const world = await running(declare('orders', { instances: 2 }));
  const reloaded = world.supervisor.reload(['orders']);
  await world.advance(999);
  assert.deepEqual(numbers(world), ['1#1', '0#2']);
  await world.advance(1);
  assert.deepEqual(numbers(world), ['0#2', '1#2']);
  await world.advance(1000);
  await reloaded;
});

test('nothing is stopped for a reload when what it depends on will not come', async () => {
  const dependsOn = [{ service: 'store', condition: 'started' }] as const;
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(declare('store'), declare('orders', { dependsOn }))));
  await world.supervisor.stop(['store']);
  await assert.rejects(world.supervisor.reload(['orders']), { message: /depends on is not there/ });
  assert.deepEqual(numbers(world), ['0#1']);
});

test('a new declaration takes the same way: with start-first, what runs stays until it is replaced', async () => {
  const world = await running();
  world.probeSays(80, false);
  const applied = world.supervisor.apply(manifestOf({ ...probed, env: { NEW: '1' } }));
  await world.advance(500);
  assert.deepEqual(numbers(world), ['0#1', '1#1', '0#2']);
  world.runner.latest('orders/0').end(1);
  await world.during(applied);
  assert.deepEqual(numbers(world), ['0#1', '1#1'], 'one that does not start leaves the old one in its place');
  world.probeSays(80, true);
  await world.during(world.supervisor.apply(manifestOf({ ...probed, env: { NEW: '2' } })));
  assert.deepEqual(numbers(world), ['0#3', '1#2']);
  assert.equal(world.supervisor.views()[0]?.instances[0]?.restartsByCause.config, 1);
});

test('start-first: each instance has a replacement that is ready before the old one goes', async () => {
  const world = await running();
  assert.deepEqual(numbers(world), ['0#1', '1#1']);
  world.probeSays(80, false);
  const reloaded = world.supervisor.reload(['orders']);
  await world.advance(3000);
  assert.deepEqual(numbers(world), ['0#1', '1#1', '0#2']);
  const old = world.runner.runs[0];
  assert.ok(old);
  assert.equal(old.asked, 0);
  old.obeys = false;
  world.probeSays(80, true);
  await world.advance(1000);
  assert.equal(old.asked, 1);
  assert.deepEqual(numbers(world), ['0#1', '1#1', '0#2'], 'the next one waits until the old one has gone');
  old.end(0);
  await world.during(reloaded);
  assert.deepEqual(numbers(world), ['0#2', '1#2']);
  assert.deepEqual(world.phases(), ['orders/0 running', 'orders/1 running']);
  assert.match(world.why('orders'), /^orders\/0 was restarted \w+ ago by a reload \(run 2\)\n/);
  await world.supervisor.shutdown({ force: false });
  assert.equal(world.clock.pendingTimers, 0);
});

test('a replacement that ends is given up, and the old one stays', async () => {
  const world = await running();
  world.probeSays(80, false);
  const reloaded = world.supervisor.reload(['orders']);
  await world.settle();
  world.runner.latest('orders/0').end(1);
  await assert.rejects(reloaded, {
    code: 'SUPERVISOR_RELOAD_FAILED',
    message: /^orders\/0 has no new process that is ready: the new process ended with exit code 1; the inst/,
  });
  assert.deepEqual(numbers(world), ['0#1', '1#1']);
});

test('a replacement that is not ready in time is killed, and the old one stays', async () => {
  const world = await running();
  const known = world.runner.runs.length;
  world.probeSays(80, true);
  // Only the replacement is not well: the old ones are not asked meanwhile.
  const patient = {
    ...probed,
    health: { ...none, startup: probeOf(81, { failures: 1000, intervalMs: 600_000 }) },
  };
  await world.during(world.supervisor.apply(manifestOf(patient)));
  const reloaded = world.supervisor.reload(['orders']);
  const failed = assert.rejects(reloaded, { code: 'SUPERVISOR_RELOAD_FAILED', message: /not ready in time/ });
  await world.settle();
  assert.equal(world.runner.runs.length, known + 1);
  const replacement = world.runner.latest('orders/0');
  for (let hours = 0; hours < 24 * 40 && !replacement.isOver; hours += 1) await world.advance(3_600_000);
  await failed;
  assert.equal(replacement.killed, 1);
  assert.deepEqual(numbers(world), ['0#1', '1#1']);
});

test('without a probe, a replacement has to live for a second', async () => {
  const world = await running(declare('orders', { stop: startFirst }));
  const reloaded = world.supervisor.reload(['orders']);
  await world.advance(999);
  assert.deepEqual(numbers(world), ['0#1', '0#2']);
  await world.advance(1);
  await world.during(reloaded);
  assert.deepEqual(numbers(world), ['0#2']);
});

test('a signal, or the service itself, in place of new processes', async () => {
  const world = await running(declare('orders', { stop: { ...stop, reloadSignal: 'SIGHUP' } }));
  await world.supervisor.reload(['orders']);
  assert.deepEqual(world.runner.latest('orders/0').signals, ['SIGHUP']);

  const program = { type: 'service', command: 'mail', args: [], source: 'mail' } as const;
  const mail = new World();
  const applied = mail.supervisor.apply(manifestOf(declare('mail', { program })));
  await mail.settle();
  assert.equal(mail.phase('mail/0'), 'starting');
  const accepts = { pause: false, reload: true, custom: [], sessionChange: false, powerEvent: false };
  const run = mail.runner.latest('mail/0');
  run.events.onStatus({
    state: 'running',
    accepts,
    checkpoint: 0,
    waitHintMs: 0,
    reloading: false,
    text: 'Up',
  });
  await world.during(applied);
  assert.equal(mail.phase('mail/0'), 'running');
  await mail.supervisor.reload(['mail']);
  assert.deepEqual(run.controls, ['reload']);
  assert.equal(mail.runner.runs.length, 1);
});

test('a stop in between wins', async () => {
  const world = await running();
  world.probeSays(80, false);
  const reloaded = assert.rejects(world.supervisor.reload(['orders']), { code: 'SUPERVISOR_INTERRUPTED' });
  await world.settle();
  await world.supervisor.stop(['orders']);
  await world.during(reloaded);
  assert.deepEqual(numbers(world), []);
  assert.equal(world.runner.runs.length, 3);
});

test('one that crashes while it is being replaced is replaced', async () => {
  const world = await running();
  world.probeSays(80, false);
  const reloaded = world.supervisor.reload(['orders']);
  await world.settle();
  world.runner.runs[0]?.end(1);
  await world.settle();
  assert.deepEqual(numbers(world), ['1#1', '0#2']);
  world.probeSays(80, true);
  await world.advance(2000);
  await world.advance(2000);
  await world.during(reloaded);
  assert.deepEqual(numbers(world), ['0#2', '1#2']);
});
