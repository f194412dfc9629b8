import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeTemporaryDirectory, removeLeftovers } from '../../src/context/temporary-directory.ts';

const parent = mkdtempSync(join(tmpdir(), 'mainstay-leftovers-'));
after(() => rmSync(parent, { recursive: true }));

/** The name of a run whose process began at another time than the one that has its pid now. */
function leftoverName(service: string): string {
  const made = makeTemporaryDirectory(parent, service);
  made.remove();
  const [pid, namespace] = basename(made.path)
    .slice(service.length + 1)
    .split('.');
  return `${service}.${pid}.${namespace}.${Buffer.from('an earlier boot:1').toString('hex')}.abcdef`;
}

describe('temporary directories', () => {
  it('belong to this user alone, and go with all they hold', { skip: process.platform === 'win32' }, () => {
    const made = makeTemporaryDirectory(parent, 'orders');
    const { path } = made;
    assert.equal(statSync(path).mode & 0o777, 0o700);
    mkdirSync(join(path, 'a', 'b'), { recursive: true });
    writeFileSync(join(path, 'a', 'b', 'c'), 'x');
    made.remove();
    assert.equal(existsSync(path), false);
    made.remove();
  });

  it('of killed runs are removed, those of living ones are not', () => {
    const living = makeTemporaryDirectory(parent, 'orders');
    const leftover = join(parent, leftoverName('orders'));
    mkdirSync(leftover);
    writeFileSync(join(leftover, 'file'), 'x');
    assert.deepEqual(removeLeftovers(parent, 'orders'), [leftover]);
    assert.equal(existsSync(leftover), false);
    assert.equal(existsSync(living.path), true);
    living.remove();
  });

  it('of other services, and whatever else lies there, are left alone', () => {
    const others = [
      leftoverName('orders-api'),
      leftoverName('orders.v2'),
      'orders',
      'orders.backup',
      'orders.1.2.zz.abcdef',
    ];
    for (const name of others) mkdirSync(join(parent, name));
    assert.deepEqual(removeLeftovers(parent, 'orders'), []);
    for (const name of others) assert.ok(existsSync(join(parent, name)), name);
  });

  it('a symbolic link of that name is not followed', () => {
    const target = mkdtempSync(join(parent, 'target-'));
    writeFileSync(join(target, 'file'), 'x');
    symlinkSync(target, join(parent, leftoverName('linked')), 'dir');
    assert.deepEqual(removeLeftovers(parent, 'linked'), []);
    assert.ok(existsSync(join(target, 'file')));
  });

  it('a parent that cannot be read has none', () => {
    assert.deepEqual(removeLeftovers(join(parent, 'missing'), 'orders'), []);
  });
});
