import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultRestartRules, type ServiceDeclaration } from '../../src/index.ts';
import { declare, manifestOf, probeOf, World } from '../supervisor/world.ts';

const none = { startup: undefined, readiness: undefined, liveness: undefined };

async function worldWith(...services: readonly ServiceDeclaration[]): Promise<World> {
  const world = new World();
  void world.supervisor.apply(manifestOf(...services));
  await world.settle();
  return world;
}

test('a crash', async () => {
  const world = await worldWith(declare('orders'));
  await world.advance(182_000);
  world.lastLines = ['Error: no connection', '    at main'];
  world.runner.latest('orders/0').end(1);
  await world.advance(12_000);
  assert.equal(
    world.why('orders'),
    'orders/0 was restarted 12s ago because it ended with exit code 1 after 3m 2s (run 2)',
  );
  const [explanation] = world.supervisor.why('orders');
  assert.deepEqual(explanation?.evidence, [
    { label: 'last end', text: 'run 1: exit code 1, after 3m 2s, 12s ago' },
    { label: 'restarts', text: '1 (crash 1)' },
    { label: 'output', text: 'Error: no connection\n    at main' },
  ]);
});

test('a service that runs well since its start', async () => {
  const world = await worldWith(declare('orders'));
  await world.advance(90_000);
  assert.equal(world.why('orders'), 'orders/0 has been running for 1m 30s (run 1)');
});

test('what codes and signals mean', async () => {
  const sentence = async (
    how: Parameters<ReturnType<World['runner']['latest']>['end']>[0],
    service = false,
  ) => {
    const world = new World();
    const program = service
      ? ({ type: 'service', command: 'orders', args: [], source: 'orders' } as const)
      : ({ type: 'exec', command: 'orders', args: [] } as const);
    await Promise.race([world.supervisor.apply(manifestOf(declare('orders', { program }))), world.settle()]);
    await world.advance(20_000);
    world.runner.latest('orders/0').end(how);
    await world.settle();
    return world.why('orders').replace(/^.* because /, '');
  };
  assert.equal(
    await sentence(137),
    'it ended with exit code 137 (128 + 9: SIGKILL, it was killed) after 20s (run 2)',
  );
  assert.equal(
    await sentence(143),
    'it ended with exit code 143 (128 + 15: SIGTERM, it was asked to end) after 20s (run 2)',
  );
  assert.equal(await sentence(127), 'it ended with exit code 127 (command not found) after 20s (run 2)');
  assert.equal(
    await sentence(0xc0000005),
    'it ended with exit code 3221225477 (0xC0000005, access violation) after 20s (run 2)',
  );
  assert.equal(
    await sentence(0xc0000005 | 0),
    'it ended with exit code -1073741819 (0xC0000005, access violation) after 20s (run 2)',
  );
  assert.equal(
    await sentence({ signal: 'SIGSEGV' }),
    'it ended with signal SIGSEGV (bad memory access) after 20s (run 2)',
  );
  assert.equal(await sentence(70, true), 'it ended with exit code 70 (an uncaught exception) after 20s');
  assert.equal(await sentence(70), 'it ended with exit code 70 after 20s (run 2)');
  assert.equal(
    await sentence({ error: new Error('spawn orders ENOENT') }),
    'it could not be started: spawn orders ENOENT (run 2)',
  );
  assert.equal(await sentence({}), 'it ended with an exit code that nobody saw after 20s (run 2)');
});

test('out of memory', async () => {
  const { limits } = declare('orders');
  const world = await worldWith(declare('orders', { limits: { ...limits, memoryHardBytes: 120e6 } }));
  await world.advance(60_000);
  world.runner.latest('orders/0').end({ signal: 'SIGKILL', outOfMemory: true });
  await world.advance(3_000);
  assert.equal(
    world.why('orders'),
    'orders/0 was restarted 3s ago because it was killed by the kernel for its memory after 1m: 114 MiB is its hard limit (run 2)',
  );
  const evidence = world.supervisor.why('orders')[0]?.evidence.find(({ label }) => label === 'memory');
  assert.equal(evidence?.text, 'not measured, hard limit 114 MiB');
});

test('the soft memory limit', async () => {
  const { limits } = declare('orders');
  const world = await worldWith(declare('orders', { limits: { ...limits, memorySoftBytes: 100e6 } }));
  world.runner.latest('orders/0').measured = { cpuMs: 1, memoryBytes: 101e6, processes: 1, openFiles: 3 };
  for (let at = 0; at < 90_000; at += 10_000) await world.advance(10_000);
  assert.match(
    world.why('orders'),
    /^orders\/0 was restarted \d+s ago because its memory stayed above its soft limit of 95\.4 MiB \(run 2\)$/,
  );
});

test('a liveness probe', async () => {
  const world = await worldWith(declare('orders', { health: { ...none, liveness: probeOf(80) } }));
  world.probeSays(80, false, 'no answer within 5s');
  for (let at = 0; at < 2; at += 1) await world.advance(1_000);
  world.probeSays(80, true);
  await world.advance(4_000);
  assert.equal(
    world.why('orders'),
    'orders/0 was restarted 3s ago because its liveness probe failed 3 times in a row: no answer within 5s (run 2)',
  );
  const evidence = world.supervisor.why('orders')[0]?.evidence.find(({ label }) => label === 'last end');
  assert.match(
    evidence?.text ?? '',
    /^run 1: .*as the agent asked \(its liveness probe failed 3 times in a row: no answer within 5s\), after /,
  );
});

test('being stopped for a liveness probe', async () => {
  const world = await worldWith(declare('orders', { health: { ...none, liveness: probeOf(80) } }));
  world.runner.latest('orders/0').obeys = false;
  for (let at = 0; at < 4; at += 1) await world.advance(1_000);
  assert.equal(
    world.why('orders'),
    'orders/0 is being stopped because its liveness probe failed 3 times in a row: connection refused',
  );
});

test('readiness', async () => {
  const world = await worldWith(declare('orders', { health: { ...none, readiness: probeOf(80) } }));
  assert.equal(
    world.why('orders'),
    'orders/0 is starting since 0ms: its readiness probe says connection refused',
  );
  world.probeSays(80, true);
  await world.advance(1_000);
  assert.equal(world.phase('orders/0'), 'running');
  world.probeSays(80, false);
  for (let at = 0; at < 4; at += 1) await world.advance(1_000);
  assert.equal(
    world.why('orders'),
    'orders/0 runs, and is not ready: its readiness probe says connection refused',
  );
});

test('waiting for a dependency', async () => {
  const db = declare('db', { health: { ...none, readiness: probeOf(5432) } });
  const orders = declare('orders', { dependsOn: [{ service: 'db', condition: 'healthy' }] });
  const world = await worldWith(db, orders);
  assert.equal(
    world.why('orders'),
    'orders is waiting for db to be healthy: its readiness probe says connection refused',
  );
  void world.supervisor.stop(['db']);
  await world.settle();
  assert.equal(world.why('orders'), 'orders is waiting for db to be healthy: it was stopped by hand');
});

test('waiting for a dependency that has failed', async () => {
  const restart = { ...defaultRestartRules, policy: 'never' as const };
  const orders = declare('orders', { dependsOn: [{ service: 'migrate', condition: 'completed' }] });
  const world = await worldWith(declare('migrate', { restart }), orders);
  assert.equal(world.why('orders'), 'orders is waiting for migrate to complete: it is running');
  world.runner.latest('migrate/0').end(1);
  await world.settle();
  assert.equal(
    world.why('orders'),
    'orders is waiting for migrate to complete: it has failed: it ended with exit code 1, and its restart policy is never',
  );
  assert.equal(
    world.why('migrate'),
    'migrate/0 is not started again: it ended with exit code 1 after 0ms (run 1), and its restart policy is never',
  );
});

test('a restart that is due, a crash loop, and what comes after it', async () => {
  const world = await worldWith(declare('orders'));
  const crash = async (waitMs: number) => {
    await world.advance(waitMs);
    world.runner.latest('orders/0').end(70);
    await world.settle();
  };
  await crash(500);
  assert.equal(
    world.why('orders'),
    'orders/0 is started again in 1s because it ended with exit code 70 after 500ms (run 1)',
  );
  await crash(1_000);
  await crash(2_000);
  await crash(4_000);
  await crash(8_000);
  assert.equal(
    world.why('orders'),
    'orders/0 is parked after a crash loop: 5 starts within 15s, the last one ended with exit code 70 after 0ms; it is tried again in 5m',
  );
  await world.advance(300_000);
  await world.advance(2_000);
  assert.equal(
    world.why('orders'),
    'orders/0 was restarted 2s ago after a crash loop, because it ended with exit code 70 after 0ms (run 6)',
  );
});

test('codes after which it is not started again, and a good end', async () => {
  const never = { ...defaultRestartRules, neverOn: [6] };
  const world = await worldWith(
    declare('orders', { restart: never }),
    declare('migrate', { restart: { ...defaultRestartRules, policy: 'on-failure' } }),
  );
  await world.advance(2_000);
  world.runner.latest('orders/0').end(6);
  world.runner.latest('migrate/0').end(0);
  await world.advance(3_000);
  assert.equal(
    world.why('orders'),
    'orders/0 is not started again: it ended with exit code 6 after 2s (run 1), and exit code 6 is one after which it is not (restart.neverOn)',
  );
  assert.equal(
    world.why('migrate'),
    'migrate/0 has completed 3s ago: it ended with exit code 0 after 2s, and its restart policy is on-failure',
  );
});

test('commands by hand', async () => {
  const world = await worldWith(declare('orders'), declare('later', { autoStart: false }));
  assert.equal(
    world.why('later'),
    'later/0 has not been started: it does not start with the agent (autoStart: false)',
  );
  await world.during(world.supervisor.restart(['orders']));
  await world.advance(900);
  assert.equal(world.why('orders'), 'orders/0 was restarted 1s ago by hand (run 2)');
  await world.during(world.supervisor.apply(manifestOf(declare('orders', { env: { A: '1' } }))));
  await world.advance(900);
  assert.equal(world.why('orders'), 'orders/0 was restarted 1s ago because its declaration changed (run 3)');
  await world.supervisor.stop(['orders']);
  await world.advance(4_000);
  assert.equal(world.why('orders'), 'orders/0 was stopped by hand 4s ago');
});
