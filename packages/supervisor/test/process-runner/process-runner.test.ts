import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { LifecycleStatus } from '@mainstay/core';
import * as fc from 'fast-check';

import { describeEnd, ProcessRunner, type Run } from '../../src/index.ts';
import { LineSplitter } from '../../src/process-runner/line-splitter.ts';

const fixture = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url));

interface Started {
  readonly run: Run;
  readonly lines: string[];
  /** Resolves with the first status of that state. */
  readonly reached: (state: string) => Promise<LifecycleStatus>;
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
}

function start(mode: string, command = process.execPath): Started {
  const lines: string[] = [];
  const statuses: LifecycleStatus[] = [];
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  const until = <Found>(find: () => Found | undefined | null): Promise<Found> =>
    new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined || found === null) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  const run = new ProcessRunner().start(
    { name: 'fixture', command, args: [fixture, mode], cwd: '/', env: { ...process.env } },
    {
      onLine: (line, stream) => {
        lines.push(`${stream} ${line}`);
        wake();
      },
      onStatus: (status) => {
        statuses.push(status);
        wake();
      },
    },
  );
  return {
    run,
    lines,
    reached: (state) => until(() => statuses.find((status) => status.state === state)),
    printed: (pattern) =>
      until(() => lines.map((line) => pattern.exec(line)).find((match) => match !== null)),
  };
}

test('statuses, lines, probe and stop', async () => {
  const { run, lines, reached } = start('serve');
  assert.equal((await reached('running')).text, 'Serving');
  const probe = await run.probe(60_000);
  assert.equal(probe?.report.state, 'ok');
  assert.equal(await run.control({ type: 'stop', reason: 'stop' }), 'accepted');
  assert.deepEqual(await run.ended, { exitCode: 0, signal: undefined, error: undefined });
  assert.deepEqual(lines.toSorted(), [
    'stderr to stderr',
    'stdout héllo',
    'stdout last words',
    'stdout wörld',
  ]);
  assert.equal(await run.probe(60_000), undefined);
  assert.equal(await run.control({ type: 'stop', reason: 'stop' }), undefined);
});

test('a crash has its exit code, a kill its signal, a missing program its error', async () => {
  assert.equal(describeEnd(await start('crash').run.ended), 'exit code 70');
  const killed = start('deaf');
  await killed.reached('running');
  killed.run.kill();
  assert.equal(describeEnd(await killed.run.ended), 'signal SIGKILL');
  const missing = start('x', '/no/such/program');
  assert.match(describeEnd(await missing.run.ended), /^no start: .*ENOENT/);
});

test('what the program started ends with it', async () => {
  const { run, printed } = start('grandchild');
  const pid = (await printed(/grandchild (\d+)/))[1];
  await run.control({ type: 'stop', reason: 'stop' });
  await run.ended;
  // SIGKILL has been sent; the process is gone, or is about to be.
  const isGone = () => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  while (!isGone()) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('lines survive any cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\r\n]/g, ''))),
      fc.array(fc.nat({ max: 40 })),
      (lines, cuts) => {
        const found: string[] = [];
        const splitter = new LineSplitter((line) => found.push(line));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        let at = 0;
        for (const cut of cuts) {
          splitter.write(bytes.subarray(at, at + cut));
          at += cut;
        }
        splitter.write(bytes.subarray(Math.min(at, bytes.length)));
        splitter.end();
        assert.deepEqual(found, lines);
      },
    ),
  );
});
