// What an agent leaves on disk, however it ends.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { manifestOf, until } from '../fixtures.ts';
import { AgentWorld } from './agent-process.ts';

const isLinux = process.platform === 'linux';

/** Everything below a directory. */
function namesIn({ base }: AgentWorld, directory: 'run' | 'state'): readonly string[] {
  return readdirSync(join(base, directory), { recursive: true, encoding: 'utf8' }).toSorted();
}

/** What the agent has open of its directories. */
function openFiles({ base, pid }: AgentWorld): readonly string[] {
  const opened = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
  return opened.filter((path) => path.startsWith(base));
}

/** Until the guardian of an agent that died has done its work, too. */
const settled = (world: AgentWorld) =>
  until(
    () => world.living(),
    (pids) => pids.length === 0,
    { what: 'no orphan' },
  );

const kept = ['manifest.json', 'manifest.previous.json', 'memory.json'];
/** The folder of the pipes, empty. */
const folder = ['output'];

describe('an agent that has ended', { skip: !isLinux && 'reads /proc' }, () => {
  /** Two services, one of them started anew, so that there is something to leave. */
  const busy = async (world: AgentWorld): Promise<void> => {
    await world.client.apply(manifestOf(world.service('a')));
    await world.client.apply(manifestOf(world.service('a'), world.service('b', { instances: 2 })));
    await world.settled({ a: 1, b: 2 });
    await world.client.act('restart', ['a']);
    await world.settled({ a: 1, b: 2 });
  };

  it('by SIGTERM has left its manifests and its memory, and nothing else', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    await busy(world);
    await world.end();
    await settled(world);
    assert.deepEqual(namesIn(world, 'state'), kept);
    await until(
      () => namesIn(world, 'run'),
      (names) => names.join() === folder.join(),
      { what: 'no socket, lock or pipe' },
    );
  });

  for (const [how, end] of [
    ['an exception that nobody caught', (world: AgentWorld) => world.crash()],
    ['kill -9', (world: AgentWorld) => world.kill()],
  ] as const)
    it(`by ${how} is cleaned up after by the next`, async (t) => {
      const world = new AgentWorld(t);
      await world.start({ stderr: 'ignore' });
      await busy(world);
      await end(world);
      await settled(world);
      await world.start();
      await world.settled({ a: 1, b: 2 });
      const lines = readFileSync(join(world.base, 'logs', 'a', '0.log'), 'utf8').match(/started a/g);
      assert.equal(lines?.length, 3, 'no line of before is lost, and none is there twice');
      await world.end();
      await settled(world);
      assert.deepEqual(namesIn(world, 'state'), kept);
      await until(
        () => namesIn(world, 'run'),
        (names) => names.join() === folder.join(),
        { what: 'no socket, lock or pipe' },
      );
    });

  it('at its start, for a manifest that is none, leaves nothing', async (t) => {
    const world = new AgentWorld(t);
    const { openAgent } = await import('../../src/index.ts');
    const { recordedLog } = await import('../fixtures.ts');
    const directories = {
      state: join(world.base, 'state'),
      runtime: join(world.base, 'run'),
      logs: join(world.base, 'logs'),
    };
    const options = { directories, environment: {}, log: recordedLog().logger, manifest: { services: 1 } };
    await assert.rejects(openAgent(options), { code: 'AGENT_MANIFEST_INVALID' });
    assert.deepEqual(namesIn(world, 'state'), []);
    assert.deepEqual(namesIn(world, 'run'), []);
    assert.ok(!existsSync(directories.logs) || readdirSync(directories.logs).length === 0);
  });
});

describe('an agent that has nothing to run any more', { skip: !isLinux && 'reads /proc' }, () => {
  it('has no log and no pipe open', async (t) => {
    const world = new AgentWorld(t);
    await world.start();
    const before = openFiles(world);
    await world.client.apply(manifestOf(world.service('a'), world.service('b')));
    await world.settled({ a: 1, b: 1 });
    assert.ok(openFiles(world).length > before.length);
    await world.client.apply(manifestOf());
    await world.settled({});
    await until(
      () => openFiles(world),
      (paths) => paths.join() === before.join(),
      { what: 'only what was open before' },
    );
  });
});
