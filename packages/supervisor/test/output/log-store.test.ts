import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';

import fc from 'fast-check';

import { openLogStore } from '../../src/output/log-store.ts';
import { parsePiece } from '../../src/output/line-format.ts';
import type { OutputStream } from '../../src/output/types.ts';
import { poll, quietLogger, readAll, rules, textsOf, withStore } from './fixtures.ts';

const id = { service: 'orders', instance: 0, run: 1 };

/** What is on disk of one stream of one run, with the pieces put together again. */
async function bytesOnDisk(
  directory: string,
  files: readonly string[],
  stream: OutputStream,
  run = 1,
): Promise<Buffer> {
  const parts: string[] = [];
  for (const file of files) {
    const text = await readFile(join(directory, 'orders', file), 'latin1');
    assert.ok(text === '' || text.endsWith('\n'));
    for (const line of text.split('\n').slice(0, -1)) {
      const piece = parsePiece(line);
      assert.ok(piece, `every line of the file is whole: ${JSON.stringify(line.slice(0, 80))}`);
      if (piece.stream === stream && piece.run === run) parts.push(piece.text + (piece.end ? '\n' : ''));
    }
  }
  return Buffer.from(parts.join(''), 'latin1');
}

/** Rotated files in their order, the current one last. */
const inOrder = (files: readonly string[]) => files.toSorted((one, other) => numberOf(one) - numberOf(other));
const numberOf = (file: string) => Number(/\.(\d+)\.log/.exec(file)?.[1] ?? Infinity);

describe('the log store', () => {
  it('writes lines that readers of container logs know', () =>
    withStore({}, async ({ store, directory, clock }) => {
      clock.jumpWall(123);
      const output = store.openRun({ ...id, run: 12 }, rules);
      output.write('stdout', Buffer.from('one\ntw'));
      output.write('stderr', Buffer.from('oops\r\n'));
      output.write('stdout', Buffer.from('o\nrest'));
      await output.end();
      const time = '2026-01-01T00:00:00.123Z';
      assert.equal(
        await readFile(join(directory, 'orders/0.log'), 'utf8'),
        [
          `${time} stdout F:orders/0#12 one`,
          `${time} stdout P:orders/0#12 tw`,
          `${time} stderr F:orders/0#12 oops\r`,
          `${time} stdout F:orders/0#12 o`,
          `${time} stdout P:orders/0#12 rest`,
          `${time} stdout F:orders/0#12 `,
          '',
        ].join('\n'),
      );
      assert.deepEqual(textsOf(await readAll(store)), ['one', 'oops\r', 'two', 'rest']);
      assert.deepEqual(store.lastLines('orders', 0), ['one', 'oops\r', 'two', 'rest']);
      assert.deepEqual(store.statistics().services.orders?.lines, 4);
    }));

  it('keeps every byte, whatever the chunks, through rotation', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            stream: fc.constantFrom('stdout' as const, 'stderr' as const),
            run: fc.constantFrom(1, 2),
            chunk: fc.oneof(
              fc.uint8Array({ minLength: 1, maxLength: 200 }),
              fc
                .constantFrom('\n', 'a\r\n', '\0\n', '\n\n\n', 'ä', '\xff\xfe', 'x'.repeat(40_000))
                .map((text) => Buffer.from(text)),
            ),
          }),
          { maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 3000 }),
        async (writes, rotateBytes) =>
          withStore({}, async ({ store, directory, files }) => {
            const runs = {
              1: store.openRun(id, { ...rules, rotateBytes }),
              2: store.openRun({ ...id, run: 2 }, { ...rules, rotateBytes }),
            };
            for (const { stream, run, chunk } of writes) runs[run].write(stream, chunk);
            await Promise.all([runs[1].end(), runs[2].end()]);
            const names = writes.length === 0 ? [] : inOrder(await files());
            for (const stream of ['stdout', 'stderr'] as const)
              for (const run of [1, 2]) {
                const sent = Buffer.concat(
                  writes
                    .filter((each) => each.stream === stream && each.run === run)
                    .map(({ chunk }) => chunk),
                );
                const whole =
                  sent.length === 0 || sent.at(-1) === 10 ? sent : Buffer.concat([sent, Buffer.from('\n')]);
                assert.deepEqual(await bytesOnDisk(directory, names, stream, run), whole);
              }
          }),
      ),
      { numRuns: 60 },
    ));

  it('lets everything else have its turn while it reads, however much is asked for', () =>
    withStore({}, async ({ store }) => {
      const output = store.openRun(id, rules);
      const block = Buffer.from(`${'x'.repeat(99)}\n`.repeat(600));
      for (let count = 0; count < 40; count++) output.write('stdout', block);
      await output.end();
      for (const lines of [Infinity, 24_000, 10_000, 1]) {
        let turns = 0;
        let reads = true;
        const count = () => reads && turns++ >= 0 && setImmediate(count);
        count();
        const read = await readAll(store, { lines });
        reads = false;
        assert.equal(read.length, Math.min(lines, 24_000));
        // Blocks of 256 KiB, and 3.6 MB of log.
        if (lines >= 24_000) assert.ok(turns >= 10, `${turns} turns`);
      }
    }));

  it('cuts a line of 10 MB, and gives it back in parts', () =>
    withStore({}, async ({ store }) => {
      const output = store.openRun(id, rules);
      const line = Buffer.from('ä€😀'.repeat(1_200_000));
      for (let at = 0; at < line.length; at += 65_536) output.write('stdout', line.subarray(at, at + 65_536));
      output.write('stdout', Buffer.from('\nnext\n'));
      await output.end();
      const lines = await readAll(store);
      assert.equal(lines.at(-1)?.text, 'next');
      assert.ok(lines.slice(0, -2).every(({ partial }) => partial));
      assert.ok(
        lines
          .slice(0, -1)
          .map(({ text }) => text)
          .join('') === line.toString(),
      );
    }));

  it('loses and splits none of a million lines, through rotation and compression', () =>
    withStore({ compressAfterMs: 0 }, async ({ store, directory, clock, files }) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 10 * 1024 * 1024, compress: true });
      const count = 1_000_000;
      for (let next = 0; next < count;) {
        let chunk = '';
        for (; chunk.length < 65_500 && next < count; next++) chunk += `${next}`.padEnd(60, '.') + '\n';
        // Cut where lines are not.
        const bytes = Buffer.from(chunk);
        output.write('stdout', bytes.subarray(0, 30_001));
        output.write('stdout', bytes.subarray(30_001));
      }
      await output.end();
      const rotated = store.statistics().services.orders?.rotations ?? 0;
      assert.ok(rotated > 5);
      await poll(async () => {
        clock.advance(1);
        return (await files()).filter((file) => file.endsWith('.gz')).length === rotated || undefined;
      });
      // Read without the store: a promise for each of a million lines takes a minute under the test runner.
      let next = 0;
      for (const file of inOrder(await files())) {
        const bytes = await readFile(join(directory, 'orders', file));
        const pieces = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
          .toString('latin1')
          .split('\n')
          .slice(0, -1);
        let begun = '';
        for (const piece of pieces.map(parsePiece)) {
          begun += piece?.text ?? '';
          if (!piece?.end) continue;
          if (begun === `${next}`.padEnd(60, '.')) next++;
          else assert.fail(`line ${next} is ${begun}`);
          begun = '';
        }
        assert.equal(begun, '', 'no line goes on in another file');
      }
      assert.equal(next, count);
      assert.deepEqual(
        (await readAll(store, { lines: 3 })).map(({ text }) => parseInt(text, 10)),
        [999_997, 999_998, 999_999],
      );
      assert.equal((await readAll(store, { lines: 200_000 })).length, 200_000);
    }));

  it('keeps what rules say, of each instance and of all', () =>
    withStore({ totalBytes: 80_000 }, async ({ store, files }) => {
      const small = store.openRun(id, { ...rules, rotateBytes: 1000, keep: 3 });
      for (let count = 0; count < 50; count++) small.write('stdout', Buffer.from(`${'x'.repeat(500)}\n`));
      assert.equal((await files()).length, 4);
      const big = store.openRun({ ...id, service: 'big' }, { ...rules, rotateBytes: 1000 });
      for (let count = 0; count < 500; count++) big.write('stdout', Buffer.from(`${'x'.repeat(500)}\n`));
      const statistics = store.statistics();
      assert.ok(statistics.bytesOnDisk <= 80_000, `${statistics.bytesOnDisk} bytes`);
      assert.ok(statistics.filesDropped > 100);
      // The oldest of all are gone, the files that are written are not.
      assert.deepEqual(await files(), ['0.log']);
      assert.ok(!(await files('big')).includes('0.55.log'));
      assert.equal((await files('big')).includes('0.log'), true);
    }));

  it('holds another bound from the moment that it is set', () =>
    withStore({}, async ({ store, files }) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 100_000 });
      const write = () => output.write('stdout', Buffer.from(`${'x'.repeat(999)}\n`.repeat(10)));
      for (let count = 0; count < 50; count++) write();
      assert.ok(store.statistics().bytesOnDisk > 500_000);
      const before = await files();
      store.setTotalBytes(250_000);
      assert.ok(store.statistics().bytesOnDisk <= 250_000);
      const left = await files();
      assert.ok(left.length < before.length && left.includes('0.log'));
      store.setTotalBytes(60_000);
      for (let count = 0; count < 50; count++) write();
      assert.ok(store.statistics().bytesOnDisk <= 60_000, 'files are rotated earlier, too');
      store.setTotalBytes(2 ** 30);
      for (let count = 0; count < 50; count++) write();
      assert.ok(store.statistics().bytesOnDisk > 500_000);
    }));

  it('rotates by age, also over a restart of the agent', () =>
    withStore({}, async ({ store, clock, files, again }) => {
      const aged = { ...rules, rotateAgeMs: 60_000 };
      const first = store.openRun(id, aged);
      first.write('stdout', Buffer.from('one\n'));
      clock.advance(40_000);
      first.write('stdout', Buffer.from('two\n'));
      await first.end();
      await store.close();
      clock.advance(30_000);
      const next = (await again()).openRun({ ...id, run: 2 }, aged);
      next.write('stdout', Buffer.from('three\n'));
      assert.deepEqual(await files(), ['0.1.log', '0.log']);
    }));

  it('orders files without the clock', () =>
    withStore({}, async ({ store, clock, again }) => {
      const sized = { ...rules, rotateBytes: 200 };
      const output = store.openRun(id, sized);
      for (let count = 0; count < 20; count++) {
        if (count === 7) clock.jumpWall(-86_400_000);
        output.write('stdout', Buffer.from(`line ${count} of twenty\n`));
      }
      await output.end();
      await store.close();
      const reopened = await again();
      const next = reopened.openRun({ ...id, run: 2 }, sized);
      clock.jumpWall(-86_400_000);
      for (let count = 20; count < 30; count++)
        next.write('stdout', Buffer.from(`line ${count} of twenty\n`));
      const numbers = (await readAll(reopened)).map(({ text }) => Number(text.split(' ')[1]));
      assert.deepEqual(
        numbers,
        Array.from({ length: 30 }, (_each, index) => index),
      );
    }));

  it('merges services by time, and takes what was asked for', () =>
    withStore({}, async ({ store, clock }) => {
      const start = clock.now();
      const outputs = ['a', 'b', 'c'].map((service) =>
        store.openRun({ ...id, service }, { ...rules, rotateBytes: 300 }),
      );
      for (let count = 0; count < 60; count++) {
        outputs[count % 3]?.write('stdout', Buffer.from(`${count}\n`));
        clock.advance(1000);
      }
      const numbers = async (change: Parameters<typeof readAll>[1]) =>
        textsOf(await readAll(store, change)).map(Number);
      const range = (from: number, step = 1) =>
        Array.from({ length: (60 - from) / step }, (_each, index) => from + index * step);
      assert.deepEqual(await numbers({}), range(0));
      assert.deepEqual(await numbers({ lines: 10 }), range(50));
      assert.deepEqual(await numbers({ since: start + 45_000 }), range(45));
      assert.deepEqual(await numbers({ services: ['b'], lines: 4 }), [49, 52, 55, 58]);
      assert.deepEqual(await numbers({ services: ['b'], instance: 1 }), []);
      assert.deepEqual(await numbers({ lines: 0 }), []);
    }));

  it('follows over rotation and compression, with nothing twice and nothing left out', () =>
    withStore({ compressAfterMs: 0 }, async ({ store, clock }) => {
      const sized = { ...rules, rotateBytes: 2000, compress: true };
      const output = store.openRun(id, sized);
      output.write('stdout', Buffer.from('0\n1\n2\nhal'));
      const controller = new AbortController();
      const got: string[] = [];
      const reading = (async () => {
        for await (const { text } of store.read({
          services: undefined,
          lines: 2,
          follow: true,
          signal: controller.signal,
        })) {
          got.push(text);
          // A slow reader: files are rotated, compressed and written meanwhile.
          if (got.length % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await poll(() => (got.length > 0 ? true : undefined));
      output.write('stdout', Buffer.from('f\n'));
      for (let count = 3; count < 600; count++) {
        output.write('stdout', Buffer.from(`${count}\n`));
        clock.advance(1);
        if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const other = store.openRun({ ...id, service: 'new' }, sized);
      other.write('stdout', Buffer.from('from a new service\n'));
      await poll(() => (got.includes('599') && got.includes('from a new service') ? true : undefined));
      controller.abort();
      await reading;
      const expected = [
        '1',
        '2',
        'half',
        ...Array.from({ length: 597 }, (_each, index) => String(index + 3)),
      ];
      assert.deepEqual(
        got.filter((text) => text !== 'from a new service'),
        expected,
      );
      assert.ok((store.statistics().services.orders?.rotations ?? 0) > 3);
    }));

  it('tells watchers every line, whole', () =>
    withStore({}, async ({ store }) => {
      const output = store.openRun(id, rules);
      const got: string[] = [];
      const end = store.watch(({ text, stream }) => got.push(`${stream} ${text}`));
      output.write('stdout', Buffer.from('on'));
      output.write('stderr', Buffer.from('x\n'));
      output.write('stdout', Buffer.from('e\ntwo\n'));
      end();
      output.write('stdout', Buffer.from('three\n'));
      assert.deepEqual(got, ['stderr x', 'stdout one', 'stdout two']);
    }));

  it('takes up where a killed agent left', () =>
    withStore({}, async ({ store, directory, again, files }) => {
      const { writeFile, appendFile } = await import('node:fs/promises');
      const output = store.openRun(id, { ...rules, rotateBytes: 100 });
      for (let count = 0; count < 4; count++)
        output.write('stdout', Buffer.from(`line ${count} ${'x'.repeat(60)}\n`));
      await output.end();
      await store.close();
      const folder = join(directory, 'orders');
      await writeFile(join(folder, '0.2.log.gz.unfinished'), 'half');
      await writeFile(join(folder, 'notes.txt'), 'of somebody');
      await appendFile(join(folder, '0.log'), '2026-01-01T00:00:00.000Z stdout F:orders/0#1 torn');
      await writeFile(
        join(folder, '1.log'),
        '2026-01-01T00:00:00.000Z stdout F:orders/1#1 a\n2026-01-01T00:',
      );
      const { gzipFile } = await import('../../src/output/gzip-file.ts');
      await gzipFile(join(folder, '0.1.log'), join(folder, '0.1.log.gz'));
      const reopened = await again();
      assert.deepEqual(
        (await files()).filter((file) => /^0\.1\.|unfinished/.test(file)),
        ['0.1.log.gz'],
      );
      assert.ok((await files()).includes('notes.txt'));
      assert.equal(reopened.lastLines('orders', 0).at(-1), 'torn');
      assert.deepEqual(textsOf(await readAll(reopened, { instance: 1 })), ['a']);
      const numbers = textsOf(await readAll(reopened, { instance: 0 })).map(
        (text) => text.split(' ')[1] ?? text,
      );
      assert.deepEqual(numbers, ['0', '1', '2', '3', 'torn']);
      // The rest of the output of that run, which was saved from its pipe.
      const rest = reopened.openRun({ ...id, instance: 1, run: 1 }, rules);
      rest.write('stdout', Buffer.from('b\n'));
      await rest.end();
      assert.deepEqual(textsOf(await readAll(reopened, { instance: 1 })), ['a', 'b']);
    }));

  it('opens files again that somebody has moved, removed or emptied', () =>
    withStore({}, async ({ store, directory, clock }) => {
      const { rename, rm, truncate } = await import('node:fs/promises');
      const output = store.openRun(id, rules);
      const path = join(directory, 'orders/0.log');
      const write = (text: string) => {
        clock.advance(1001);
        output.write('stdout', Buffer.from(`${text}\n`));
      };
      write('one');
      await rename(path, `${path}.moved`);
      write('two');
      assert.deepEqual(textsOf(await readAll(store)), ['two']);
      await rm(directory, { recursive: true });
      write('three');
      assert.deepEqual(textsOf(await readAll(store)), ['three']);
      await truncate(path);
      write('four');
      assert.deepEqual(textsOf(await readAll(store)), ['four']);
      assert.equal(store.statistics().failing, undefined);
    }));

  it('gives the last lines also after a rotation', () =>
    withStore({}, async ({ store }) => {
      const output = store.openRun(id, { ...rules, rotateBytes: 1000 });
      for (let count = 0; count < 100; count++) output.write('stdout', Buffer.from(`${count}\n`));
      const expected = Array.from({ length: 10 }, (_each, index) => String(90 + index));
      assert.deepEqual(store.lastLines('orders', 0), expected);
      assert.deepEqual(store.lastLines('orders', 1), []);
    }));

  it('holds no descriptor for a run that has ended', () =>
    withStore({}, async ({ store }) => {
      const { readdirSync } = await import('node:fs');
      if (process.platform !== 'linux') return;
      const count = () => readdirSync('/proc/self/fd').length;
      const before = count();
      for (let instance = 0; instance < 20; instance++) {
        const output = store.openRun({ ...id, instance }, rules);
        output.write('stdout', Buffer.from('x\n'));
        await output.end();
      }
      assert.equal(count(), before);
    }));

  it('opens where nothing can be made, and says that it fails', async () => {
    const { VirtualClock } = await import('@mainstay/core');
    const clock = new VirtualClock();
    const store = await openLogStore({
      directory: '/dev/null/logs',
      totalBytes: 1e6,
      clock,
      log: quietLogger(),
    });
    const output = store.openRun(id, rules);
    assert.equal(output.write('stdout', Buffer.from('x\n')), true);
    await output.end();
    assert.match(store.statistics().failing ?? '', /ENOTDIR|ENOENT/);
    await store.close();
    assert.equal(clock.pendingTimers, 0);
  });
});
