import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { LogStoreOptions } from '../../src/output/log-store.ts';
import type { LogFileLabel } from '../../src/output/file-system.ts';
import { FailingFileSystem, type OpenedStore, poll, readAll, rules, textsOf, withStore } from './fixtures.ts';

const id = { service: 'orders', instance: 0, run: 1 };

describe('a disk that fails', () => {
  const labels: readonly (readonly [LogFileLabel, string])[] = [
    ['APPEND', 'EIO'],
    ['APPEND', 'ENOSPC'],
    ['OPEN_CURRENT', 'EROFS'],
    ['OPEN_CURRENT', 'EMFILE'],
    ['MAKE_DIRECTORY', 'EDQUOT'],
    ['ROTATE', 'ENOSPC'],
    ['ROTATE', 'EACCES'],
    ['STAMP_ROTATED', 'EPERM'],
    ['DROP', 'EIO'],
    ['CHECK_CURRENT', 'EIO'],
    ['CLOSE_CURRENT', 'EIO'],
  ];
  for (const [label, code] of labels)
    it(`costs no line when ${label} fails with ${code} for a time`, () => {
      const fileSystem = new FailingFileSystem();
      return withStore({ fileSystem: fileSystem.calls }, async ({ store, clock }) => {
        // Nothing may be dropped: what is lost would be no proof.
        const output = store.openRun(id, { ...rules, rotateBytes: label === 'DROP' ? 4000 : 700 });
        for (let count = 0; count < 60; count++) {
          if (count === (label === 'MAKE_DIRECTORY' ? 0 : 5)) {
            fileSystem.failing.set(label, code);
            fileSystem.shortWrite = 7;
          }
          if (count === 12) fileSystem.failing.clear();
          assert.equal(output.write('stdout', Buffer.from(`line ${count}\n`)), true);
          clock.advance(1500);
        }
        await output.end();
        const expected = Array.from({ length: 60 }, (_each, index) => `line ${index}`);
        const got = textsOf(await readAll(store));
        const dropped = store.statistics().filesDropped;
        if (dropped === 0) assert.deepEqual(got, expected);
        else assert.deepEqual(got, expected.slice(-got.length));
        assert.ok(label === 'ROTATE' || label === 'APPEND' || dropped === 0);
        assert.equal(store.statistics().failing, undefined);
        assert.equal(store.statistics().bytesPending, 0);
      });
    });

  it('is told once, and again when it is over', () => {
    const fileSystem = new FailingFileSystem();
    const told: (string | undefined)[] = [];
    const onFailing = (reason: string | undefined) => void told.push(reason);
    return withStore({ fileSystem: fileSystem.calls, onFailing }, async ({ store, clock }) => {
      const outputs = ['a', 'b'].map((service) => store.openRun({ ...id, service }, rules));
      const write = () => {
        for (const output of outputs) output.write('stdout', Buffer.from('line\n'));
        clock.advance(1500);
      };
      write();
      assert.deepEqual(told, []);
      fileSystem.failing.set('APPEND', 'ENOSPC');
      for (let count = 0; count < 3; count++) write();
      assert.deepEqual(told, ['ENOSPC: injected at APPEND']);
      fileSystem.failing.clear();
      for (let count = 0; count < 3; count++) write();
      assert.deepEqual(told, ['ENOSPC: injected at APPEND', undefined]);
    });
  });

  it('loses the oldest lines when it stays, counts them, and never stops the service', () => {
    const fileSystem = new FailingFileSystem();
    return withStore({ fileSystem: fileSystem.calls, maxPendingBytes: 2000 }, async ({ store, clock }) => {
      const output = store.openRun(id, rules);
      output.write('stdout', Buffer.from('first\n'));
      fileSystem.failing.set('APPEND', 'ENOSPC');
      for (let count = 0; count < 100; count++)
        assert.equal(output.write('stdout', Buffer.from(`${count}\n`)), true);
      assert.match(store.statistics().failing ?? '', /ENOSPC/);
      assert.ok(store.statistics().bytesPending <= 2000);
      await output.end();
      assert.equal(store.lastLines('orders', 0).at(-1), '99');
      fileSystem.failing.clear();
      clock.advance(1000);
      const [first, notice, ...rest] = textsOf(await readAll(store));
      assert.equal(first, 'first');
      const lost = Number(/^Mainstay: (\d+) lines were lost here/.exec(notice ?? '')?.[1]);
      assert.deepEqual(
        rest.map(Number),
        Array.from({ length: 100 - lost }, (_each, index) => index + lost),
      );
      assert.ok(lost > 20);
      assert.equal(store.statistics().bytesPending, 0);
    });
  });

  it('is written in the background while it is slow, and makes the program wait', () => {
    const fileSystem = new FailingFileSystem();
    return withStore({ fileSystem: fileSystem.calls }, async ({ store, clock }) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 300_000 });
      fileSystem.before.set('APPEND', () => clock.advance(51));
      let next = 0;
      let drains = 0;
      const write = () => {
        while (next < 60_000) {
          let chunk = '';
          for (let count = 0; count < 1000; count++) chunk += `line ${next++} ${'x'.repeat(40)}\n`;
          if (!output.write(next % 7000 === 0 ? 'stderr' : 'stdout', Buffer.from(chunk))) return;
        }
      };
      const done = new Promise<void>((resolve) => {
        output.onDrain = () => {
          drains++;
          write();
          if (next >= 60_000) resolve();
        };
      });
      write();
      await done;
      await output.end();
      assert.ok(drains > 0);
      assert.ok((store.statistics().services.orders?.rotations ?? 0) > 5);
      const lines = await readAll(store);
      assert.deepEqual(
        lines.map(({ text }) => Number(text.split(' ')[1])),
        Array.from({ length: 60_000 }, (_each, index) => index),
      );
    });
  });

  it('costs the compressed file only when compressing fails', () => {
    const fileSystem = new FailingFileSystem();
    fileSystem.failing.set('COMPRESS', 'ENOSPC');
    return withStore(
      { fileSystem: fileSystem.calls, compressAfterMs: 10 },
      async ({ store, clock, files }) => {
        const output = store.openRun(id, { ...rules, rotateBytes: 10, compress: true });
        output.write('stdout', Buffer.from('one\n'));
        output.write('stdout', Buffer.from('two\n'));
        clock.advance(10);
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(await files(), ['0.1.log', '0.log']);
        assert.deepEqual(textsOf(await readAll(store)), ['one', 'two']);
      },
    );
  });
});

const cannotMount =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'Only root on Linux can mount a small disk'
    : false;

describe('a real small disk', { skip: cannotMount }, () => {
  /** A disk in memory of its own, on which the store is. */
  async function withDisk(
    options: string,
    change: Partial<LogStoreOptions>,
    use: (opened: OpenedStore, disk: string) => Promise<void>,
  ): Promise<void> {
    const disk = await mkdtemp(join(tmpdir(), 'log-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
    try {
      await withStore({ ...change, directory: join(disk, 'logs') }, (opened) => use(opened, disk));
    } finally {
      execFileSync('umount', ['-l', disk]);
      await rm(disk, { recursive: true });
    }
  }

  it('that is full loses the oldest logs, and keeps the newest lines', () =>
    withDisk('size=1m', {}, async ({ store, clock }) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 100_000 });
      const count = 40_000;
      for (let next = 0; next < count; next++) {
        assert.equal(output.write('stdout', Buffer.from(`line ${next}\n`)), true);
        if (next % 1000 === 0) clock.advance(1000);
      }
      await output.end();
      const { filesDropped, failing } = store.statistics();
      assert.equal(failing, undefined);
      assert.ok(filesDropped > 10);
      const numbers = (await readAll(store)).map(({ text }) => Number(text.split(' ')[1]));
      assert.ok(numbers.length > 5000);
      assert.deepEqual(
        numbers,
        Array.from({ length: numbers.length }, (_each, index) => count - numbers.length + index),
      );
    }));

  it('that somebody else has filled is written again when there is room', () =>
    withDisk('size=1m', {}, async ({ store, clock }, disk) => {
      const output = store.openRun(id, rules);
      output.write('stdout', Buffer.from('one\n'));
      await writeFile(join(disk, 'other'), Buffer.alloc(2 ** 20)).catch(() => undefined);
      for (let count = 0; count < 200; count++)
        output.write('stdout', Buffer.from(`${'x'.repeat(100)} ${count}\n`));
      assert.match(store.statistics().failing ?? '', /ENOSPC/);
      await rm(join(disk, 'other'));
      clock.advance(1000);
      assert.equal(store.statistics().failing, undefined);
      assert.equal((await readAll(store)).length, 201);
    }));

  it('without inodes', () =>
    withDisk('size=1m,nr_inodes=12', {}, async ({ store }, disk) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 1000 });
      for (let count = 0; count < 300; count++) output.write('stdout', Buffer.from(`${count}\n`));
      await output.end();
      assert.equal(store.statistics().failing, undefined);
      assert.equal((await readAll(store)).at(-1)?.text, '299');
      assert.ok((await readdir(join(disk, 'logs/orders'))).length <= 10);
      assert.ok(store.statistics().filesDropped > 0);
    }));

  it('that is read-only for a while', () =>
    withDisk('size=1m', {}, async ({ store, clock }, disk) => {
      await mkdir(join(disk, 'logs'), { recursive: true });
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      const output = store.openRun(id, rules);
      output.write('stdout', Buffer.from('one\n'));
      assert.match(store.statistics().failing ?? '', /EROFS/);
      execFileSync('mount', ['-o', 'remount,rw', disk]);
      clock.advance(1000);
      await poll(() => (store.statistics().failing === undefined ? true : undefined));
      assert.deepEqual(textsOf(await readAll(store)), ['one']);
    }));
});
