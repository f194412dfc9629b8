import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultRestartRules, type ServiceDeclaration } from '../../src/index.ts';
import { nextTime } from '../../src/supervisor/cron.ts';
import { Schedule } from '../../src/supervisor/schedule.ts';
import { declare, manifestOf, probeOf, silent, World } from './world.ts';

const none = { startup: undefined, readiness: undefined, liveness: undefined };
const day = 86_400_000;

async function worldWith(...services: readonly ServiceDeclaration[]): Promise<World> {
  const world = new World();
  await world.during(world.supervisor.apply(manifestOf(...services)));
  return world;
}

/** A round of measuring begins when the one before is over. */
async function advanceInRounds(world: World, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await world.advance(10_000);
}

test('usage is measured by one timer, and processor time by its difference', async () => {
  const world = await worldWith(declare('orders'), declare('mail'));
  world.supervisor.views();
  const run = world.runner.latest('orders/0');
  run.measured = { cpuMs: 1000, memoryBytes: 2048, processes: 3, openFiles: 7 };
  await world.advance(10_000);
  run.measured = { cpuMs: 3500, memoryBytes: 4096, processes: 3, openFiles: 7 };
  await world.advance(10_000);
  const view = world.supervisor.views()[0]?.instances[0];
  assert.deepEqual([view?.cpuPercent, view?.memoryBytes, view?.processes, view?.openFiles], [25, 4096, 3, 7]);
});

test('nobody is measured that nobody looks at', async () => {
  const world = await worldWith(declare('orders'));
  let asked = 0;
  world.runner.latest('orders/0').usage = async () => {
    asked += 1;
    return undefined;
  };
  await world.advance(70_000);
  assert.equal(asked, 0);
  world.supervisor.views();
  await world.advance(10_000);
  assert.equal(asked, 1);
  await advanceInRounds(world, 6);
  assert.equal(asked, 2, 'processor time needs a second figure; then who looked once looks no more');
});

test('who looks again and again is served until a minute after the last look', async () => {
  const world = await worldWith(declare('orders'));
  let asked = 0;
  world.runner.latest('orders/0').usage = async () => {
    asked += 1;
    return undefined;
  };
  for (let look = 0; look < 4; look += 1) {
    world.supervisor.views();
    await advanceInRounds(world, 3);
  }
  // Two for the first look, of which nobody knew that more would follow.
  assert.equal(asked, 2 + 3 * 3);
  await advanceInRounds(world, 12);
  assert.equal(asked, 2 + 3 * 3 + 2);
});

test('over the soft limit: alert, request, and then one instance after the other is restarted', async () => {
  const base = declare('orders', { instances: 2 });
  const world = await worldWith({ ...base, limits: { ...base.limits, memorySoftBytes: 100 } });
  const over = { cpuMs: 0, memoryBytes: 101, processes: 1, openFiles: 3 };
  for (const run of world.runner.living()) {
    run.measured = over;
    run.obeys = false;
  }
  for (let at = 0; at < 8; at += 1) await world.advance(10_000);
  const [first, second] = world.runner.runs;
  assert.deepEqual([first?.reclaims, second?.reclaims], [['memory'], ['memory']]);
  assert.deepEqual([first?.asked, second?.asked], [1, 0]);
  first?.end(0);
  await world.advance(1000);
  assert.equal(second?.asked, 1);
  second?.end(0);
  await world.advance(1000);
  const actions = world.events.flatMap((event) =>
    event.type === 'limit' ? [`${event.action} ${event.exceeded}`] : [],
  );
  assert.deepEqual(actions.slice(0, 4), ['reclaim true', 'reclaim true', 'restart true', 'restart true']);
  assert.deepEqual(world.supervisor.views()[0]?.instances[0]?.restartsByCause, { 'memory-limit': 1 });
});

test('the wall of the kernel is told with its bound', async () => {
  const base = declare('orders');
  const world = await worldWith({ ...base, limits: { ...base.limits, memoryHardBytes: 200 } });
  const run = world.runner.latest('orders/0');
  run.events.onOutOfMemory();
  run.end({ signal: 'SIGKILL', outOfMemory: true });
  await world.advance(1_000);
  const [limit] = world.events.filter((event) => event.type === 'limit');
  assert.deepEqual([limit?.limit, limit?.bound, limit?.action], ['memory.hard', 200, 'kill']);
  assert.deepEqual(world.supervisor.views()[0]?.instances[0]?.restartsByCause, { 'out-of-memory': 1 });
});

test('probes: startup first, then readiness and liveness, and a start that fails is a fault', async () => {
  const health = {
    startup: probeOf(1, { failures: 2 }),
    readiness: probeOf(2),
    liveness: probeOf(3),
  };
  const world = new World();
  void world.supervisor.apply(manifestOf(declare('orders', { health })));
  await world.settle();
  const told = () =>
    world.events.flatMap((event) => (event.type === 'probe-state' ? [`${event.kind} ${event.ok}`] : []));
  world.probeSays(1, true);
  await world.advance(1000);
  assert.deepEqual(told(), ['startup true']);
  assert.equal(world.phase('orders/0'), 'starting');
  world.probeSays(2, true);
  world.probeSays(3, true);
  await world.advance(1000);
  assert.equal(world.phase('orders/0'), 'running');
  world.probeSays(1, false);
  world.runner.latest('orders/0').end(1);
  for (let at = 0; at < 12; at += 1) await world.advance(1000);
  assert.ok(told().includes('startup false'));
  assert.ok((world.supervisor.views()[0]?.instances[0]?.restartsByCause.probe ?? 0) > 0);
});

test('a probe that hangs never has company, and what it says after the end is ignored', async () => {
  const world = await worldWith(declare('orders', { health: { ...none, liveness: probeOf(3) } }));
  const view = () => world.supervisor.views()[0]?.instances[0];
  world.probeSays(3, true);
  await world.advance(1000);
  assert.equal(view()?.probes.liveness?.detail, 'connected');
  assert.equal(view()?.health, 'ok');
  await world.supervisor.stop(['orders']);
  assert.equal(view()?.health, undefined);
});

test('a Mainstay service has as long to stop as it says', async () => {
  const program = { type: 'service', command: 'orders', args: [], source: 'orders' } as const;
  const world = new World();
  void world.supervisor.apply(manifestOf(declare('orders', { program })));
  await world.settle();
  const run = world.runner.latest('orders/0');
  assert.equal(run.spec.env['MAINSTAY_HOST'], 'supervisor');
  run.obeys = false;
  const stopped = world.supervisor.stop(['orders']);
  await world.advance(14_000);
  const accepts = { pause: false, reload: false, custom: [], sessionChange: false, powerEvent: false };
  const status = { accepts, checkpoint: 2, reloading: false, text: 'Writing' };
  run.events.onStatus({ ...status, state: 'stop-pending', waitHintMs: 30_000 });
  await world.advance(44_999);
  assert.equal(run.killed, 0);
  await world.advance(1);
  assert.equal(run.killed, 1);
  await stopped;
});

test('a scheduled restart takes the instances one after the other', async () => {
  const restart = { ...defaultRestartRules, schedule: '0 3 * * *' };
  const world = await worldWith(declare('orders', { instances: 2, restart }));
  const due = (nextTime('0 3 * * *', world.clock.now()) ?? 0) - world.clock.now();
  for (const run of world.runner.living()) run.obeys = false;
  // The module that reads expressions is loaded when the first is there.
  await import('../../src/supervisor/cron.ts');
  await world.settle();
  await world.advance(due);
  const [first, second] = world.runner.runs;
  assert.deepEqual([first?.asked, second?.asked], [1, 0]);
  first?.end(0);
  await world.advance(1000);
  assert.equal(second?.asked, 1);
  second?.end(0);
  await world.advance(1000);
  assert.deepEqual(world.supervisor.views()[0]?.instances[1]?.restartsByCause, { schedule: 1 });
  assert.match(
    world.why('orders'),
    /^orders\/0 was restarted \w+ ago as its schedule says \(0 3 \* \* \*\) \(run 2\)/,
  );
  await world.supervisor.shutdown({ force: true });
  assert.equal(world.clock.pendingTimers, 0);
});

test('a schedule is due once for each of its times, wherever the clock is set', async () => {
  const { clock } = new World();
  const due: number[] = [];
  let looks = 0;
  const schedule = new Schedule({
    clock,
    log: silent,
    load: async () => (expression, after) => {
      looks += 1;
      return nextTime(expression, after);
    },
    onDue: () => due.push(clock.now()),
  });
  schedule.keep(new Map([['orders', '0 3 * * *']]));
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(day);
  assert.equal(due.length, 1);
  clock.jumpWall(5 * day);
  clock.advance(60_000);
  assert.equal(due.length, 2, 'several that were jumped over are one');
  clock.jumpWall(-day);
  clock.advance(day);
  assert.equal(due.length, 2, 'what has been done is not done again');
  clock.advance(day);
  assert.equal(due.length, 3);
  assert.ok(looks < 20, `${looks} times the expression was read`);
  schedule.keep(new Map());
  assert.equal(clock.pendingTimers, 0);
});
