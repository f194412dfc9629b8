// File systems without room, each a tmpfs of its own.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { type LogDisk, mountLogDisk } from '../soak/log-disk.ts';
import {
  assertNoOrphans,
  assertOnlyShown,
  FaultWorld,
  manifestOf,
  readLogFiles,
  shellService,
  twoProcesses,
  until,
  writerService,
} from './world/index.ts';

const mebibyte = 1024 ** 2;
const logs = { rotateBytes: 256 * 1024, rotateAgeMs: undefined, keep: 1000, compress: false };

/** Goes after the world that has its files there. */
function diskOf(
  t: TestContext,
  bytes: number,
  worldOf: (disk: LogDisk) => FaultWorld,
): [LogDisk, FaultWorld] {
  const disk = mountLogDisk(bytes);
  if (!disk) throw new Error('A tmpfs cannot be mounted here: run as root');
  const world = worldOf(disk);
  t.after(async () => {
    disk.free();
    await world.dispose();
    disk.dispose();
  });
  return [disk, world];
}

const countOf = (countFile: string): number =>
  existsSync(`${countFile}.1`) ? Number(readFileSync(`${countFile}.1`, 'utf8')) : 0;

describe('a full disk', { skip: process.getuid?.() !== 0 && 'only root may mount one' }, () => {
  it('of the logs costs the oldest files, and never the service', async (t) => {
    const [disk, world] = diskOf(t, 3 * mebibyte, ({ path }) => new FaultWorld({ logs: path }));
    const countFile = join(world.base, 'count');
    await world.start();
    const writer = writerService('writer', { countFile, lines: 1e9, atOnce: 50, pauseMs: 1 }, { logs });
    await world.client.apply(manifestOf(writer));
    await until(
      'More was written than the disk holds',
      () => countOf(countFile),
      (count) => count > 60_000,
    );
    const { phase, run } = await world.instance('writer');
    assert.deepEqual([phase, run], ['running', 1]);
    await world.client.act('stop', ['writer']);
    const lines = readLogFiles(disk.path, 'writer').filter(({ stream }) => stream === 'stdout');
    const first = Number(lines[0]?.text.split(' ')[0]);
    assert.ok(first > 1, 'the oldest file is gone');
    for (const [at, { text }] of lines.slice(0, -1).entries())
      assert.ok(text.startsWith(`${first + at} `), `line ${first + at} is ${text}`);
    await world.end();
    await assertNoOrphans(world);
  });

  it('that stays full costs lines, which are counted and said, and never the service', async (t) => {
    const [disk, world] = diskOf(t, 4 * mebibyte, ({ path }) => new FaultWorld({ logs: path }));
    const countFile = join(world.base, 'count');
    await world.start();
    const big = { ...logs, rotateBytes: 100 * mebibyte };
    const writer = writerService('writer', { countFile, lines: 1e9, atOnce: 50, pauseMs: 2 }, { logs: big });
    await world.client.apply(manifestOf(writer));
    await until(
      'It writes',
      () => countOf(countFile),
      (count) => count > 100,
    );
    disk.fill();
    const before = countOf(countFile);
    await until(
      'It writes on',
      () => countOf(countFile),
      (count) => count > before + 40_000,
    );
    assert.ok(
      world.said('error').some(({ message }) => String(message).startsWith('A log cannot be written')),
    );
    assert.equal((await world.instance('writer')).run, 1);
    disk.free();
    const notice = /^Mainstay: (\d+) lines were lost here/;
    await until(
      'What was lost is said',
      () => readLogFiles(disk.path, 'writer').some(({ text }) => notice.test(text)),
      Boolean,
    );
    await world.client.act('stop', ['writer']);
    await world.end();
    await assertNoOrphans(world);
    const said = readLogFiles(disk.path, 'writer').map(({ text }) => Number(notice.exec(text)?.[1] ?? 0));
    const lost = said.reduce((sum, count) => sum + count, 0);
    const numbers = readLogFiles(disk.path, 'writer')
      .filter(({ stream, text }) => stream === 'stdout' && /^\d+ [a-j]{60} \d+$/.test(text))
      .map(({ text }) => Number(text.split(' ')[0]));
    const missing = (numbers.at(-1) ?? 0) - numbers.length;
    assert.ok(missing > 0);
    // A line that was cut by the loss is neither whole nor lost as a whole.
    assert.ok(
      Math.abs(missing - lost) <= 2 * said.filter((count) => count > 0).length,
      `${missing} are missing, ${lost} were said`,
    );
  });

  it('of the state refuses a manifest as a whole, and what runs goes on', async (t) => {
    const [disk, world] = diskOf(t, mebibyte, ({ path }) => new FaultWorld({ state: join(path, 'state') }));
    await world.start();
    const a = shellService('a', twoProcesses);
    await world.client.apply(manifestOf(a));
    const { pid } = await world.reaches('a', 'running');
    disk.fill();
    const large = shellService('b', twoProcesses, { env: { LARGE: 'x'.repeat(64 * 1024) } });
    await assert.rejects(world.client.apply(manifestOf(a, large)), {
      code: 'AGENT_STATE_UNWRITABLE',
      message: /^The manifest was not applied/,
    });
    assert.deepEqual(
      (await world.client.services()).map(({ name }) => name),
      ['a'],
    );
    assert.equal((await world.instance('a')).pid, pid);
    await world.client.act('restart', ['a']);
    await world.reaches('a', 'running', { after: 1 });
    disk.free();
    await world.client.apply(manifestOf(a, large));
    await world.reaches('b', 'running');
    await until(
      'What is remembered is saved again',
      () => world.said('info').some(({ message }) => message === 'State is saved again'),
      Boolean,
    );
    await assertOnlyShown(world);
    const names = readdirSync(join(disk.path, 'state'));
    assert.deepEqual(
      names.filter((name) => name.includes('tmp')),
      [],
    );
    await world.kill();
    await assertNoOrphans(world);
    await world.start();
    await world.reaches('b', 'running', { after: 1 });
    await world.end();
    await assertNoOrphans(world);
  });
});
