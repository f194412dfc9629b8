// A real agent over its socket, with real processes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { LogLine } from '@mainstay/supervisor';

import { declaration, manifestOf, until } from '../fixtures.ts';
import { AgentWorld } from './agent-process.ts';

const isLinux = process.platform === 'linux';

describe('an agent', { skip: !isLinux && 'what runs is read from /proc' }, () => {
  it('plans, applies, and changes only what differs', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    const { client } = world;
    const first = manifestOf(world.service('a'), world.service('b'));
    assert.deepEqual(
      (await client.plan(first)).changes.map(({ service, action }) => [service, action]),
      [
        ['a', 'add'],
        ['b', 'add'],
      ],
    );
    assert.deepEqual(await client.services(), [], 'a plan changes nothing');
    await client.apply(first);
    await world.settled({ a: 1, b: 1 });
    const before = world.living('a');
    const second = manifestOf(
      world.service('a'),
      world.service('b', { env: { NEW: '1' } }),
      world.service('c'),
    );
    const plan = await client.apply(second);
    assert.deepEqual(
      plan.changes.map(({ service, action }) => [service, action]),
      [
        ['b', 'restart'],
        ['c', 'add'],
      ],
    );
    await world.settled({ a: 1, b: 1, c: 1 });
    assert.deepEqual(world.living('a'), before, 'a was not touched');
    assert.deepEqual((await client.plan(second)).changes, []);
    await client.apply(manifestOf());
    await world.settled({});
  });

  it('refuses what the machine cannot run, and everything goes on', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    await world.client.apply(manifestOf(world.service('a')));
    await world.settled({ a: 1 });
    const before = world.living();
    const missing = declaration('b', { program: { type: 'exec', command: '/no/such/program', args: [] } });
    await assert.rejects(world.client.apply(manifestOf(missing)), {
      code: 'AGENT_MANIFEST_REFUSED',
      message: /nothing was changed/,
    });
    await assert.rejects(world.client.apply({ services: 'none' } as never), {
      code: 'AGENT_MANIFEST_INVALID',
    });
    assert.deepEqual(world.living(), before);
    assert.equal((await world.client.services())[0]?.name, 'a');
  });

  it('acts, scales, and says why', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    const { client } = world;
    await client.apply(manifestOf(world.service('a'), world.service('b')));
    await client.act('stop', ['a']);
    await world.settled({ a: 0, b: 1 });
    assert.match((await client.why('a'))[0]?.sentence ?? '', /stopped/);
    await client.act('start', ['a']);
    await client.scale('b', 3);
    await world.settled({ a: 1, b: 3 });
    await client.act('reload', ['b']);
    await client.act('restart', []);
    await world.settled({ a: 1, b: 3 });
    await assert.rejects(client.act('stop', ['nobody']), { code: 'SUPERVISOR_UNKNOWN_SERVICE' });
    await assert.rejects(client.scale('b', 0), { code: 'SUPERVISOR_INVALID_SCALE' });
    assert.equal((await client.service('b')).service.wanted, 3);
  });

  it('shows the output of services, and what comes', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    await world.client.apply(manifestOf(world.service('a')));
    const abort = new AbortController();
    const lines: LogLine[] = [];
    for await (const line of world.client.logs({
      services: ['a'],
      lines: 10,
      follow: true,
      signal: abort.signal,
    })) {
      lines.push(line);
      if (lines.length === 1) await world.client.act('restart', ['a']);
      if (lines.length === 2) abort.abort();
    }
    assert.deepEqual(
      lines.map(({ service, run, text }) => [service, run, text]),
      [
        ['a', 1, 'started a'],
        ['a', 2, 'started a'],
      ],
    );
  });

  it('stops everything when it is asked to', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    await world.client.apply(manifestOf(world.service('a')));
    await world.settled({ a: 1 });
    await world.client.shutdown();
    await until(
      () => world.living().length,
      (count) => count === 0,
    );
    await until(
      () =>
        world.client.agent().then(
          () => 'runs',
          (error: { code: string }) => error.code,
        ),
      (outcome) => outcome === 'AGENT_NOT_RUNNING',
    );
  });

  it('is one a directory', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    const { openAgent } = await import('../../src/index.ts');
    const { recordedLog } = await import('../fixtures.ts');
    const directories = {
      state: join(world.base, 'state'),
      runtime: join(world.base, 'run2'),
      logs: join(world.base, 'logs'),
    };
    const { pid } = await world.client.agent();
    await assert.rejects(openAgent({ directories, environment: {}, log: recordedLog().logger }), {
      code: 'AGENT_ALREADY_RUNNING',
      details: { directory: directories.state, pid },
    });
    assert.equal((await world.client.agent()).pid, pid);
  });
});

/** What is asked of an agent that is then killed, and which outcomes are right. */
interface Operation {
  readonly name: string;
  readonly begin: (world: AgentWorld) => Promise<unknown>;
  readonly outcomes: readonly Readonly<Record<string, number>>[];
}

const slow = {
  stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 5_000, reloadSignal: undefined },
} as const;

const operations: readonly Operation[] = [
  {
    name: 'apply',
    begin: (world) => world.client.apply(manifestOf(world.service('b'), world.service('c'))),
    outcomes: [
      { a: 1, b: 2 },
      { b: 1, c: 1 },
    ],
  },
  { name: 'start', begin: ({ client }) => client.act('start', ['a']), outcomes: [{ a: 1, b: 2 }] },
  {
    name: 'stop',
    begin: ({ client }) => client.act('stop', ['b']),
    outcomes: [
      { a: 1, b: 2 },
      { a: 1, b: 0 },
    ],
  },
  { name: 'restart', begin: ({ client }) => client.act('restart', ['b']), outcomes: [{ a: 1, b: 2 }] },
  { name: 'reload', begin: ({ client }) => client.act('reload', ['b']), outcomes: [{ a: 1, b: 2 }] },
  {
    name: 'scale',
    begin: ({ client }) => client.scale('b', 4),
    outcomes: [
      { a: 1, b: 2 },
      { a: 1, b: 4 },
    ],
  },
];

describe('an agent that is killed', { skip: !isLinux && 'what runs is read from /proc' }, () => {
  for (const { name, begin, outcomes } of operations) {
    for (const delayMs of [0, 15]) {
      it(`${delayMs} ms after the beginning of ${name} leaves nothing behind, and the next one goes on`, async (t) => {
        const world = new AgentWorld(t);
        await world.start();
        await world.client.apply(
          manifestOf(world.service('a', slow), world.service('b', { ...slow, instances: 2 })),
        );
        await world.settled({ a: 1, b: 2 });
        const begun = begin(world).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        await world.kill();
        await begun;
        await until(
          () => world.living(),
          (pids) => pids.length === 0,
          { what: 'no orphan' },
        );
        await world.start();
        const views = await until(
          () => world.client.services(),
          (services) =>
            services.length > 0 &&
            services.every(({ instances }) =>
              instances.every(({ phase }) => phase === 'running' || phase === 'stopped'),
            ),
          { what: 'all services at rest' },
        );
        const found = Object.fromEntries(
          views.map((view) => [view.name, view.instances.filter(({ phase }) => phase === 'running').length]),
        );
        assert.ok(
          outcomes.some((outcome) => JSON.stringify(outcome) === JSON.stringify(found)),
          JSON.stringify(found),
        );
        await world.settled(found);
        assert.ok(JSON.parse(readFileSync(join(world.base, 'state', 'manifest.json'), 'utf8')));
        await world.end();
        assert.deepEqual(world.living(), []);
      });
    }
  }
});
