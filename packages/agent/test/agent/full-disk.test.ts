// A state directory on a disk that is full: a tmpfs of a few pages, which only root can mount.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { manifestOf, until } from '../fixtures.ts';
import { AgentWorld } from './agent-process.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/proc/self/mounts');

describe(
  'an agent whose state directory is full',
  { skip: !mayMount && 'only root on Linux can mount a small disk' },
  () => {
    it('refuses a manifest, keeps what runs, and goes on when there is room', async (t) => {
      const world = new AgentWorld(t);
      const state = join(world.base, 'state');
      mkdirSync(state, { mode: 0o700 });
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=0700', 'tmpfs', state]);
      if (mounted.status !== 0) return t.skip(`mount: ${String(mounted.stderr)}`);
      world.beforeRemoval = () => void spawnSync('umount', ['-l', state]);
      await world.start();
      const said = join(world.base, 'alerts');
      const tell = { type: 'command', command: ['sh', '-c', `cat >> ${said}`] } as const;
      const manifest = (...names: readonly string[]) => {
        const plain = manifestOf(...names.map((name) => world.service(name)));
        return { ...plain, alerts: { ...plain.alerts, targets: [tell], on: ['agent'] as const } };
      };
      await world.client.apply(manifest('a'));
      await world.settled({ a: 1 });
      const before = world.living();
      fill(join(state, 'filler'));
      const next = manifest('a', 'b');
      await assert.rejects(world.client.apply(next), { code: 'AGENT_STATE_UNWRITABLE', message: /ENOSPC/ });
      await world.settled({ a: 1 });
      assert.deepEqual(world.living(), before);
      await world.client.act('restart', ['a']);
      await world.settled({ a: 1 });
      await until(
        () => alertsIn(said),
        (alerts) => alerts.join() === 'firing agent:state',
      );
      rmSync(join(state, 'filler'));
      await world.client.apply(next);
      await until(
        () => alertsIn(said),
        (alerts) => alerts.join() === 'firing agent:state,resolved agent:state',
      );
      await world.settled({ a: 1, b: 1 });
      await world.kill();
      await world.start();
      await world.settled({ a: 1, b: 1 });
      assert.ok(!readdirSync(state).some((name) => name.includes('damaged')));
    });
  },
);

function alertsIn(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter(Boolean).map((line) => {
    const { status, key } = JSON.parse(line) as { readonly status: string; readonly key: string };
    return `${status} ${key}`;
  });
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
}
