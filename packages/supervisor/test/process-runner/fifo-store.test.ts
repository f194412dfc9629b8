import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

import { FifoStore } from '../../src/process-runner/fifo-store.ts';

const id = { service: 'orders', instance: 0, run: 1 };

describe('pipes of the output', { skip: process.platform === 'win32' && 'there are no FIFOs' }, () => {
  const open = (t: TestContext): { store: FifoStore; directory: string } => {
    const base = mkdtempSync(join(tmpdir(), 'mainstay-fifos-'));
    t.after(() => rmSync(base, { recursive: true, force: true }));
    const directory = join(base, 'output');
    return { store: new FifoStore(directory), directory };
  };

  it('one that was given back serves the next run', (t) => {
    const { store, directory } = open(t);
    const first = store.take(id, 'stdout');
    const { ino } = statSync(first);
    const others = readdirSync(directory).length;
    store.giveBack(first, true);
    const second = store.take({ ...id, run: 2 }, 'stdout');
    assert.equal(statSync(second).ino, ino);
    assert.equal(readdirSync(directory).length, others);
  });

  it('one that somebody removed is no failure, nor is a directory that is gone', (t) => {
    const { store, directory } = open(t);
    const path = store.take(id, 'stdout');
    rmSync(directory, { recursive: true });
    store.giveBack(path, true);
    assert.ok(!existsSync(path));
    const again = store.take({ ...id, run: 2 }, 'stderr');
    assert.ok(statSync(again).isFIFO());
  });
});
