import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { identify } from '@mainstay/platform';
import { makeLockFile } from '../../src/context/lock-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'mainstay-lock-'));
const path = join(directory, 'service.lock');
const notTakenOver = (): void => assert.fail('it was taken over');

after(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(path, { force: true }));

const holder = (more: object): string =>
  JSON.stringify({ ...identify(process.pid), host: hostname(), ...more });

describe('makeLockFile', () => {
  it('makes a file with this process in it, and removes it without a trace', () => {
    const lock = makeLockFile(path, notTakenOver);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), JSON.parse(holder({})));
    lock.remove();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('refuses what a living process holds, and leaves it alone', () => {
    const lock = makeLockFile(path, notTakenOver);
    assert.throws(() => makeLockFile(path, notTakenOver), {
      code: 'SERVICE_LOCKED',
      message: new RegExp(`held by process ${process.pid}`),
    });
    assert.ok(existsSync(path));
    lock.remove();
  });

  it('takes over from a process that has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    writeFileSync(path, holder(identify(child.pid ?? 0)));
    assert.throws(() => makeLockFile(path, notTakenOver), { code: 'SERVICE_LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const taken: number[] = [];
    makeLockFile(path, (stale) => taken.push(stale.pid)).remove();
    assert.deepEqual(taken, [child.pid]);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('takes over when the pid now belongs to another process', () => {
    const taken: number[] = [];
    writeFileSync(path, holder({ started: 'an earlier boot:1' }));
    makeLockFile(path, (stale) => taken.push(stale.pid)).remove();
    assert.deepEqual(taken, [process.pid]);
  });

  it('cannot judge another host', () => {
    writeFileSync(path, holder({ host: 'elsewhere', pid: 99_999_999 }));
    assert.throws(() => makeLockFile(path, notTakenOver), {
      code: 'SERVICE_LOCKED',
      message: /process 99999999 on the host elsewhere/,
    });
  });

  it('does not touch a file that is no lock', () => {
    writeFileSync(path, 'my precious data');
    assert.throws(() => makeLockFile(path, notTakenOver), {
      code: 'SERVICE_LOCKED',
      message: /not a lock of ours/,
    });
    assert.equal(readFileSync(path, 'utf8'), 'my precious data');
  });

  it('removes only its own: one that was replaced by hand stays', () => {
    const lock = makeLockFile(path, notTakenOver);
    writeFileSync(path, 'somebody else');
    lock.remove();
    assert.equal(readFileSync(path, 'utf8'), 'somebody else');
  });

  it('says what is wrong with the place', () => {
    assert.throws(() => makeLockFile(join(directory, 'missing', 'x.lock'), notTakenOver), {
      code: 'SERVICE_LOCK_FAILED',
      message: /missing/,
    });
  });

  it('of many processes that want it at the same time, one gets it', async () => {
    const program = `
      import { makeLockFile } from ${JSON.stringify(new URL('../../src/context/lock-file.ts', import.meta.url).href)};
      try { makeLockFile(${JSON.stringify(path)}, () => {}); console.log('got'); setInterval(() => {}, 1000); }
      catch (error) { console.log(error.code); }`;
    // A stale lock is in the way of all of them.
    writeFileSync(path, holder({ started: 'an earlier boot:1' }));
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    try {
      const answers = await Promise.all(
        children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()),
      );
      assert.deepEqual(answers.sort(), [...Array.from({ length: 5 }, () => 'SERVICE_LOCKED'), 'got']);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });
});
