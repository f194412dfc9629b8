import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { makeDirectories } from '../../src/files/make-directories.ts';

function base(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'mainstay-directories-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('directories that are made', () => {
  it('have their parents made, too, with their own modes', { skip: process.platform === 'win32' }, (t) => {
    const top = join(base(t), 'a');
    makeDirectories(join(top, 'b', 'c'), { mode: 0o700, parentMode: 0o755 });
    assert.equal(modeOf(join(top, 'b', 'c')), 0o700);
    assert.equal(modeOf(join(top, 'b')), modeOf(top));
    assert.equal(modeOf(top), 0o755 & ~process.umask());
    makeDirectories(join(top, 'same', 'mode'), { mode: 0o700 });
    assert.equal(modeOf(join(top, 'same')), 0o700);
  });

  it('may be there already, and are left as they are', (t) => {
    const path = join(base(t), 'a');
    mkdirSync(path, { mode: 0o755 });
    const before = modeOf(path);
    makeDirectories(path, { mode: 0o700 });
    assert.equal(modeOf(path), before);
  });

  it('are refused where something else is', { skip: process.platform === 'win32' }, (t) => {
    const directory = base(t);
    writeFileSync(join(directory, 'file'), '');
    symlinkSync(join(directory, 'nowhere'), join(directory, 'link'));
    assert.throws(() => makeDirectories(join(directory, 'file'), { mode: 0o700 }), { code: 'EEXIST' });
    assert.throws(() => makeDirectories(join(directory, 'file', 'a'), { mode: 0o700 }), { code: 'ENOTDIR' });
    assert.throws(() => makeDirectories(join(directory, 'link', 'a'), { mode: 0o700 }), { code: 'EEXIST' });
  });

  it(
    'are refused in /proc, which says that everything is missing',
    { skip: process.platform !== 'linux' },
    () => {
      assert.throws(() => makeDirectories('/proc/nowhere', { mode: 0o700 }), {
        code: 'ENOENT',
        message: "ENOENT: no directory can be made in /proc, mkdir '/proc/nowhere'",
      });
      assert.throws(() => makeDirectories('/proc/nowhere/a/b', { mode: 0o700 }), { code: 'ENOENT' });
    },
  );
});
