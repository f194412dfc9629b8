// The agent is killed in the middle of each operation; the next one has the same state directory.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import type { ServiceDeclaration, ServiceView } from '@mainstay/supervisor';

import {
  assertAllLines,
  assertNoOrphans,
  assertOnlyShown,
  type FaultWorld,
  manifestOf,
  probeOf,
  shellService,
  until,
  worldOf,
  writerService,
} from './world/index.ts';

/** Takes its time to end, so that the kill meets an operation half-way; what it starts does not hear the signal. */
const slow = 'trap "sleep 0.2; exit 0" TERM; (trap "" TERM; sleep 100000) & echo up; wait';

const a = shellService('a', slow);
const b = (changes: Partial<ServiceDeclaration> = {}): ServiceDeclaration =>
  shellService('b', slow, { instances: 2, ...changes });

/** Instances that have a process, by service. */
type Shape = Readonly<Record<string, number>>;

interface Operation {
  readonly name: string;
  readonly begin: (world: FaultWorld) => Promise<unknown>;
  /** Each is right: as before, or as it was to be. */
  readonly outcomes: readonly Shape[];
}

const before: Shape = { a: 1, b: 2 };
const operations: readonly Operation[] = [
  {
    name: 'apply, which adds and removes',
    begin: ({ client }) => client.apply(manifestOf(b(), shellService('c', slow))),
    outcomes: [before, { b: 2, c: 1 }],
  },
  {
    name: 'apply, which restarts',
    begin: ({ client }) => client.apply(manifestOf(a, b({ env: { NEW: '1' } }))),
    outcomes: [before],
  },
  { name: 'start', begin: startStopped, outcomes: [before, { a: 0, b: 2 }] },
  { name: 'stop', begin: ({ client }) => client.act('stop', ['b']), outcomes: [before, { a: 1, b: 0 }] },
  { name: 'restart', begin: ({ client }) => client.act('restart', ['b']), outcomes: [before] },
  { name: 'a rolling reload', begin: ({ client }) => client.act('reload', ['b']), outcomes: [before] },
  { name: 'scale up', begin: ({ client }) => client.scale('b', 4), outcomes: [before, { a: 1, b: 4 }] },
  { name: 'scale down', begin: ({ client }) => client.scale('b', 1), outcomes: [before, { a: 1, b: 1 }] },
  { name: 'shutdown', begin: ({ client }) => client.shutdown(), outcomes: [before] },
];

async function startStopped({ client }: FaultWorld): Promise<void> {
  await client.act('stop', ['a']);
  await client.act('start', ['a']);
}

function shapeOf(views: readonly ServiceView[]): Shape {
  return Object.fromEntries(
    views.map(({ name, instances }) => [name, instances.filter(({ phase }) => phase === 'running').length]),
  );
}

const isAtRest = (views: readonly ServiceView[]): boolean =>
  views.length > 0 &&
  views.every(({ instances }) => instances.every(({ phase }) => phase === 'running' || phase === 'stopped'));

const atRest = (world: FaultWorld): Promise<readonly ServiceView[]> =>
  until('All services at rest', () => world.client.services(), isAtRest);

describe('an agent that is killed', () => {
  for (const { name, begin, outcomes } of operations) {
    it(`in the middle of ${name} leaves nothing behind, and the next one goes on`, async (t) => {
      const world = worldOf(t);
      await world.start();
      await world.client.apply(manifestOf(a, b()));
      await atRest(world);
      for (const delayMs of [5, 150]) {
        const began = begin(world).catch(() => undefined);
        await wait(delayMs);
        await world.kill();
        await began;
        await assertNoOrphans(world);
        await world.start();
        const found = shapeOf(await atRest(world));
        assert.ok(
          outcomes.some((outcome) => JSON.stringify(outcome) === JSON.stringify(found)),
          `after ${delayMs} ms: ${JSON.stringify(found)}`,
        );
        await assertOnlyShown(world);
        // Repeatable: what was not carried out can be asked for again, and is carried out then.
        if (name !== 'shutdown') await begin(world);
        await world.client.apply(manifestOf(a, b()));
        await world.client.scale('b', 2);
        await world.client.act('start', []);
        assert.deepEqual(shapeOf(await atRest(world)), before);
        await assertOnlyShown(world);
      }
      await world.end();
      await assertNoOrphans(world);
    });
  }

  it('while a probe hangs leaves nothing of the probe behind', async (t) => {
    const world = worldOf(t);
    const hangs = probeOf(
      { type: 'exec', command: ['sh', '-c', 'echo $$ >>"$PIDS"; setsid sleep 100000'] },
      { timeoutMs: 60_000 },
    );
    const pids = join(world.base, 'pids');
    await world.start();
    await world.client.apply(
      manifestOf(
        shellService('s', slow, {
          env: { PIDS: pids },
          health: { startup: undefined, readiness: undefined, liveness: hangs },
        }),
      ),
    );
    await until('The probe hangs', () => existsSync(pids), Boolean);
    await world.kill();
    await assertNoOrphans(world, readFileSync(pids, 'utf8').trim().split('\n').map(Number));
  });

  it('while logs are rotated loses no line but what it had in its hands', async (t) => {
    const world = worldOf(t);
    const countFile = join(world.base, 'count');
    const writer = writerService(
      'writer',
      { countFile, lines: 10_000_000, atOnce: 50 },
      { logs: { rotateBytes: 256 * 1024, rotateAgeMs: undefined, keep: 10_000, compress: true } },
    );
    await world.start();
    await world.client.apply(manifestOf(writer));
    for (let run = 1; run <= 3; run += 1) {
      const file = `${countFile}.${run}`;
      await until(
        `Run ${run} has written`,
        () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0),
        (count) => count > 20_000,
      );
      await world.kill();
      await assertNoOrphans(world);
      await world.start();
    }
    await until('Run 4 writes', () => existsSync(`${countFile}.4`), Boolean);
    await world.end();
    await assertNoOrphans(world);
    const lines = assertAllLines({
      logs: world.logs,
      service: 'writer',
      countFile,
      agentKilledIn: [1, 2, 3],
    });
    assert.equal(lines.size, 4);
  });
});
