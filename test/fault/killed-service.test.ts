// A service is killed in each of its states, with and without the agent's will.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import {
  assertNoOrphans,
  assertOnlyShown,
  type FaultWorld,
  killQuietly,
  limitsOf,
  manifestOf,
  probeOf,
  restartRules,
  runs,
  shellService,
  twoProcesses,
  until,
  worldOf,
} from './world/index.ts';

/** Pids that a script has written down, one a line. */
function writtenPids(world: FaultWorld): readonly number[] {
  const file = join(world.base, 'pids');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

const hasSaid = (world: FaultWorld, service: string): Promise<unknown> =>
  until(
    `${service} has said that it is up`,
    async () => {
      for await (const line of world.client.logs({ services: [service], lines: 10, follow: false }))
        if (line.text === 'up') return true;
      return false;
    },
    Boolean,
  );

async function close(world: FaultWorld): Promise<void> {
  await assertOnlyShown(world);
  const pids = writtenPids(world);
  await world.end();
  await assertNoOrphans(world, pids);
}

describe('a service that is killed', () => {
  it('while it starts is started again', async (t) => {
    const world = worldOf(t);
    await world.start();
    const ready = join(world.base, 'ready');
    const service = shellService('s', twoProcesses, {
      health: {
        startup: probeOf({ type: 'exec', command: ['test', '-e', ready] }, { failures: 1000 }),
        readiness: undefined,
        liveness: undefined,
      },
    });
    // It is answered when the start is over.
    const applied = world.client.apply(manifestOf(service));
    const { pid = 0, run } = await world.reaches('s', 'starting');
    killQuietly(pid);
    const next = await world.reaches('s', 'starting', { after: run });
    assert.equal(next.lastEnd?.signal, 'SIGKILL');
    assert.notEqual(next.pid, pid);
    writeFileSync(ready, '');
    await applied;
    await world.reaches('s', 'running', { after: run });
    await close(world);
  });

  it('while it runs is started again, and what it had started is gone', async (t) => {
    const world = worldOf(t);
    await world.start();
    await world.client.apply(manifestOf(shellService('s', twoProcesses, { instances: 3 })));
    const { pid = 0, run } = await world.reaches('s', 'running', { index: 1 });
    killQuietly(pid);
    const next = await world.reaches('s', 'running', { index: 1, after: run });
    assert.deepEqual(next.restartsByCause, { crash: 1 });
    assert.equal((await world.instance('s', 0)).run, 1);
    await close(world);
  });

  it('while it is unready is started again, and is ready when it says so', async (t) => {
    const world = worldOf(t);
    await world.start();
    const broken = join(world.base, 'broken');
    const service = shellService('s', twoProcesses, {
      health: {
        startup: undefined,
        readiness: probeOf({ type: 'exec', command: ['test', '!', '-e', broken] }),
        liveness: undefined,
      },
    });
    await world.client.apply(manifestOf(service));
    await world.reaches('s', 'running');
    writeFileSync(broken, '');
    const { pid = 0, run } = await world.reaches('s', 'unready');
    killQuietly(pid);
    await world.reaches('s', 'starting', { after: run });
    rmSync(broken);
    await world.reaches('s', 'running', { after: run });
    await close(world);
  });

  it('while it stops is stopped, and stays so', async (t) => {
    const world = worldOf(t);
    await world.start();
    await world.client.apply(manifestOf(shellService('s', `trap "" TERM; ${twoProcesses}`)));
    const { pid = 0 } = await world.reaches('s', 'running');
    await hasSaid(world, 's');
    const stopped = world.client.act('stop', ['s']);
    await world.reaches('s', 'stopping');
    killQuietly(pid);
    await stopped;
    const { phase, run, lastEnd } = await world.instance('s');
    assert.deepEqual(
      { phase, run, signal: lastEnd?.signal, forced: lastEnd?.forced },
      {
        phase: 'stopped',
        run: 1,
        signal: 'SIGKILL',
        forced: false,
      },
    );
    assert.deepEqual(world.processes(), []);
    await close(world);
  });

  it('while it waits for its restart has no process, and gets one', async (t) => {
    const world = worldOf(t);
    await world.start();
    const service = shellService('s', 'echo $$ >>"$PIDS"; sleep 100000 & wait', {
      env: { PIDS: join(world.base, 'pids') },
      restart: restartRules({ backoffMinMs: 2000, backoffMaxMs: 2000 }),
    });
    await world.client.apply(manifestOf(service));
    const first = await world.reaches('s', 'running');
    killQuietly(first.pid ?? 0);
    // The first restart in a row comes at once, the second has to wait.
    killQuietly((await world.reaches('s', 'running', { after: first.run })).pid ?? 0);
    const { run } = await world.reaches('s', 'waiting');
    assert.deepEqual(world.processes(), []);
    for (const pid of writtenPids(world)) assert.equal(runs(pid), false);
    await world.reaches('s', 'running', { after: run });
    await close(world);
  });

  it('until it is parked stays parked, and a hand starts it', async (t) => {
    const world = worldOf(t);
    await world.start();
    const stay = join(world.base, 'stay');
    const service = shellService('s', `[ -e "${stay}" ] || exit 3; ${twoProcesses}`, {
      restart: restartRules({ backoffMinMs: 10, backoffMaxMs: 10, crashLoopStarts: 5 }),
    });
    await world.client.apply(manifestOf(service));
    const { run, lastEnd } = await world.reaches('s', 'parked');
    assert.deepEqual([run, lastEnd?.exitCode], [5, 3]);
    assert.deepEqual(world.processes(), []);
    writeFileSync(stay, '');
    await world.client.act('start', ['s']);
    await world.reaches('s', 'running', { after: run });
    await close(world);
  });
});

describe('a program that does not go by the rules', () => {
  it('ignores SIGTERM: its whole tree is killed after the grace', async (t) => {
    const world = worldOf(t);
    await world.start();
    const service = shellService('s', `trap "" TERM; ${twoProcesses}; while :; do sleep 1; done`, {
      stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 300, reloadSignal: undefined },
    });
    await world.client.apply(manifestOf(service));
    await world.reaches('s', 'running');
    await hasSaid(world, 's');
    await world.client.act('stop', ['s']);
    const { phase, lastEnd } = await world.instance('s');
    assert.deepEqual([phase, lastEnd?.forced, lastEnd?.signal], ['stopped', true, 'SIGKILL']);
    assert.deepEqual(world.processes(), []);
    await close(world);
  });

  it('closes its pipes: it runs on, and its end is seen', async (t) => {
    const world = worldOf(t);
    await world.start();
    await world.client.apply(manifestOf(shellService('s', 'echo up; exec >&- 2>&-; sleep 100000 & wait')));
    const { pid = 0, run } = await world.reaches('s', 'running');
    await hasSaid(world, 's');
    await assertOnlyShown(world);
    killQuietly(pid);
    await world.reaches('s', 'running', { after: run });
    await close(world);
  });

  it('ends while a grandchild holds its pipes: the grandchild goes, and the next run comes', async (t) => {
    const world = worldOf(t);
    await world.start();
    const service = shellService('s', 'echo up; (trap "" HUP TERM; sleep 100000) & exit 1');
    await world.client.apply(manifestOf(service));
    await world.reaches('s', 'running', { after: 3 });
    const alive = new Set(world.processes().map(({ run }) => run));
    assert.ok(alive.size <= 1, `processes of the runs ${[...alive].join(', ')}`);
    await world.client.act('stop', ['s']);
    assert.deepEqual(world.processes(), []);
    await close(world);
  });

  it('leaves daemons behind, in sessions of their own and without their environment: they go with it', async (t) => {
    const world = worldOf(t);
    await world.start();
    const pids = join(world.base, 'pids');
    const daemon = `setsid sh -c '(exec env -i sh -c "echo \\$\\$ >>${pids}; exec sleep 100000 >/dev/null 2>&1") &'`;
    await world.client.apply(manifestOf(shellService('s', `${daemon}; ${twoProcesses}`)));
    const { pid = 0, run } = await world.reaches('s', 'running');
    const [first = 0] = await until(
      'The daemon runs',
      () => writtenPids(world),
      (found) => found.length === 1,
    );
    assert.ok(runs(first));
    killQuietly(pid);
    await world.reaches('s', 'running', { after: run });
    assert.equal(runs(first), false);
    await until(
      'The next daemon runs',
      () => writtenPids(world),
      (found) => found.length === 2,
    );
    await world.kill();
    await assertNoOrphans(world, writtenPids(world));
    await world.start();
    await world.reaches('s', 'running', { after: run + 1 });
    await close(world);
  });

  it('forks without end: it is held by its limit, can be ended, and the others run on', async (t) => {
    const world = worldOf(t);
    await world.start();
    // A shell ends as soon as it cannot fork; Perl, which every Debian has, goes on trying.
    const forks =
      'while (1) { my $p = fork; if (!defined $p) { select undef, undef, undef, 0.01 } elsif (!$p) { sleep 1000; exit } }';
    const bomb = shellService('bomb', `exec perl -e '${forks}'`, {
      limits: limitsOf({ processes: 40, cpuPercent: 30 }),
      restart: restartRules({ backoffMinMs: 100, backoffMaxMs: 100, crashLoopStarts: 1000 }),
    });
    await world.client.apply(manifestOf(shellService('other', twoProcesses), bomb));
    const { pid } = await world.reaches('other', 'running');
    await until(
      'The bomb has gone off',
      () => bombs(world),
      (count) => count >= 20,
    );
    for (let look = 0; look < 20; look += 1) assert.ok(bombs(world) <= 40);
    await world.client.act('stop', ['bomb']);
    assert.equal(bombs(world), 0);
    await world.client.act('start', ['bomb']);
    await until(
      'The bomb has gone off again',
      () => bombs(world),
      (count) => count >= 20,
    );
    await world.kill();
    await assertNoOrphans(world);
    await world.start();
    await world.reaches('other', 'running', { after: 1 });
    assert.notEqual((await world.instance('other')).pid, pid);
    await world.client.apply(manifestOf(shellService('other', twoProcesses)));
    assert.equal(bombs(world), 0);
    await close(world);
  });
});

function bombs(world: FaultWorld): number {
  return world.processes().filter(({ service }) => service === 'bomb').length;
}
