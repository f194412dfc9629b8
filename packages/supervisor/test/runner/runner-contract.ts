import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, describe, test, type TestContext } from 'node:test';

import type { LifecycleStatus } from '@mainstay/core';

import type { ProgramDeclaration, ServiceDeclaration } from '../../src/manifest/types.ts';
import type { Run, RunEnd, Runner } from '../../src/runner/types.ts';
import { CollectedOutput } from './collected-output.ts';
import { declare, noLimits } from './declaration.ts';

type Stop = ServiceDeclaration['stop']['by'];

/** What the suite has to know of a runner. */
export interface RunnerHarness {
  readonly title: string;
  /** A runner with nothing behind it; `close` ends what is left. */
  open(): Promise<{ readonly runner: Runner; close(): Promise<void> }>;
  /** fixtures/program.mjs with these words. */
  readonly program: (...words: readonly string[]) => ProgramDeclaration;
  /** fixtures/service.mjs in this mode; undefined when services have no channel here. */
  service?(mode: string): ProgramDeclaration;
  /** What every declaration here has. */
  readonly declaration: Partial<ServiceDeclaration>;
  /** What every program gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Signals exist: an end by one is told by its name, and a program can hear one. */
  readonly hasSignals: boolean;
  /** Ways to stop, besides the signal, that a program of this harness can hear. */
  readonly stops: ReadonlyArray<'stdin' | 'command' | 'http'>;
  /** Undefined where processes are only played. */
  readonly isAlive?: (pid: number) => boolean;
  /** A path in a folder of the test's own. */
  readonly scratch?: (name: string) => string;
  /** Where programs can be kept within memory. */
  readonly holdsMemory: boolean;
  /** What this runner cannot do by its nature, each with the reason. */
  readonly cannot?: Readonly<
    Partial<Record<'know the pid at once' | 'run one twice' | 'take output', string>>
  >;
}

interface Started {
  readonly run: Run;
  readonly output: CollectedOutput;
  readonly statuses: LifecycleStatus[];
  readonly outOfMemory: { count: number };
}

const signalStop = {
  by: { type: 'signal', signal: 'SIGTERM' },
  graceMs: 10_000,
  reloadSignal: undefined,
} as const;

/** What every runner does alike. */
export function runnerContract(harness: RunnerHarness): void {
  const { program, hasSignals, isAlive, cannot = {} } = harness;
  const isReal = isAlive !== undefined;

  describe(harness.title, () => {
    let opened: Awaited<ReturnType<RunnerHarness['open']>>;
    let runs = 0;
    before(async () => {
      opened = await harness.open();
    });
    after(async () => {
      await opened.close();
    });

    function start(
      what: ProgramDeclaration,
      changes: Partial<ServiceDeclaration> = {},
      output = new CollectedOutput(),
      instance = 0,
    ): Started {
      runs += 1;
      const statuses: LifecycleStatus[] = [];
      const outOfMemory = { count: 0 };
      const declaration = declare({ ...harness.declaration, program: what, ...changes });
      const run = opened.runner.start(
        { id: { service: declaration.name, instance, run: runs }, declaration, env: harness.env },
        {
          onStatus: (status) => void statuses.push(status),
          onOutOfMemory: () => {
            outOfMemory.count += 1;
          },
        },
        output,
      );
      return { run, output, statuses, outOfMemory };
    }

    const assertKilled = (end: RunEnd): void => {
      assert.equal(end.error, undefined);
      if (hasSignals) assert.equal(end.signal, 'SIGKILL');
      else assert.notEqual(end.exitCode, 0);
    };

    test('tells the exit code', async () => {
      for (const code of [0, 1, 42, 255]) {
        const { run, output } = start(program('exit', String(code)));
        assert.deepEqual(await run.ended, {
          exitCode: code,
          signal: undefined,
          error: undefined,
          outOfMemory: false,
        });
        assert.ok(output.isEnded, 'the output is ended before the run is');
      }
    });

    test('tells the signal', { skip: !hasSignals && 'there are no signals' }, async () => {
      const { run } = start(program('signal', 'SIGUSR2'));
      const { exitCode, signal } = await run.ended;
      assert.deepEqual({ exitCode, signal }, { exitCode: undefined, signal: 'SIGUSR2' });
    });

    test('has the identity, the pid and the time of its start', async () => {
      const begin = Date.now();
      const { run, output } = start(program('hang'));
      await output.printed(/ready/);
      assert.equal(run.id.service, 'subject');
      assert.equal(run.id.run, runs);
      if (cannot['know the pid at once'] !== undefined) while (run.pid === undefined) await turn();
      assert.ok(run.pid !== undefined && run.pid > 0);
      if (isReal) assert.ok(run.startedAt >= begin && run.startedAt <= Date.now());
      run.kill();
      await run.ended;
    });

    test('a program that is not there is a run that ends at once with the reason', async () => {
      const { run, output } = start({ type: 'exec', command: 'no-such-program-anywhere', args: [] });
      const end = await run.ended;
      assert.equal(run.pid, undefined);
      assert.equal(end.exitCode, undefined);
      assert.match(end.error?.message ?? '', /no-such-program-anywhere/);
      assert.ok(output.isEnded);
      // All of it is harmless.
      run.kill();
      run.signal('SIGHUP');
      await run.askToStop();
      assert.equal(await run.usage(), undefined);
    });

    test('asks to stop by a signal', { skip: !hasSignals && 'there are no signals' }, async () => {
      const { run, output } = start(program('graceful'), { stop: signalStop });
      await output.printed(/ready/);
      await run.askToStop();
      assert.equal((await run.ended).exitCode, 0);
      assert.equal(output.text('stdout'), 'ready\nbye\n');
    });

    test('a program that does not want to end is killed', async () => {
      const { run, output } = start(program('stubborn'), { stop: signalStop });
      await output.printed(/ready/);
      if (hasSignals) {
        await run.askToStop();
        await output.printed(/heard SIGTERM/);
      }
      run.kill();
      // A second time changes nothing.
      run.kill();
      assertKilled(await run.ended);
      run.kill();
    });

    test('sends a signal to the program', { skip: !hasSignals && 'there are no signals' }, async () => {
      const { run, output } = start(program('stubborn'));
      await output.printed(/ready/);
      run.signal('SIGHUP');
      await output.printed(/heard SIGHUP/);
      run.kill();
      await run.ended;
    });

    for (const way of harness.stops) {
      test(`asks to stop by ${way}`, async () => {
        const port = way === 'http' ? await freePort() : 0;
        const file = harness.scratch?.(`stop-${runs}`) ?? 'stop';
        const { words, by, code } = {
          stdin: { words: ['stdin', 'quit'], by: { type: 'stdin', text: 'quit' }, code: 6 },
          http: {
            words: ['http', String(port)],
            by: { type: 'http', url: `http://127.0.0.1:${port}/stop` },
            code: 8,
          },
          command: {
            words: ['file', file],
            by: { type: 'command', command: commandOf(program('touch', file)) },
            code: 9,
          },
        }[way] as { words: readonly string[]; by: Stop; code: number };
        const { run, output } = start(program(...words), { stop: { ...signalStop, by } });
        await output.printed(/ready/);
        await run.askToStop();
        assert.equal((await run.ended).exitCode, code);
        await rm(file, { force: true });
      });
    }

    test(
      'rejects when it cannot ask',
      { skip: !harness.stops.includes('http') && 'not by HTTP here' },
      async () => {
        const by = { type: 'http', url: `http://127.0.0.1:${await freePort()}/stop` } as const;
        const { run, output } = start(program('hang'), { stop: { ...signalStop, by } });
        await output.printed(/ready/);
        await assert.rejects(run.askToStop(), { code: 'RUN_CANNOT_ASK' });
        run.kill();
        await run.ended;
      },
    );

    test('takes the output of both streams, each in its order', { skip: cannot['take output'] }, async () => {
      const { run, output } = start(program('both', '1000'));
      await run.ended;
      const expected = (word: string): string =>
        Array.from({ length: 1000 }, (_, index) => `${word} ${index + 1}\n`).join('');
      assert.equal(output.text('stdout'), expected('out'));
      assert.equal(output.text('stderr'), expected('err'));
    });

    test('takes what has no line feed', { skip: cannot['take output'] }, async () => {
      const { run, output } = start(program('unfinished'));
      await run.ended;
      assert.equal(output.text('stdout'), 'no line feed');
    });

    test('one instance runs again and again', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { run, output } = start(program('lines', '3', String(round * 3 + 1)));
        assert.equal((await run.ended).exitCode, 0);
        assert.match(output.text('stdout'), new RegExp(`^line ${round * 3 + 1}\n`));
      }
    });

    test('measures what a run takes', async () => {
      const { run, output } = start(program('hang'));
      await output.printed(/ready/);
      const usage = await run.usage();
      assert.ok(usage, 'a living run can be measured');
      assert.ok(usage.memoryBytes > 1 << 20, `${usage.memoryBytes} bytes`);
      assert.ok(usage.processes >= 1);
      assert.ok(usage.cpuMs >= 0 && usage.cpuMs < 60_000, `${usage.cpuMs} ms`);
      assert.ok(usage.openFiles === undefined || usage.openFiles > 2);
      run.kill();
      await run.ended;
      assert.equal(await run.usage(), undefined);
    });

    test(
      'sees that the kernel has ended a run for its memory',
      { skip: !harness.holdsMemory && 'nothing holds memory here' },
      async () => {
        const limits = { ...noLimits, memoryHardBytes: 150 * 1024 * 1024 };
        const { run, outOfMemory } = start(program('memory', String(400 * 1024 * 1024)), { limits });
        const end = await run.ended;
        assert.equal(end.outOfMemory, true);
        assert.equal(outOfMemory.count, 1);
        // The next run is not blamed for it.
        const next = start(program('exit', '3'), { limits });
        assert.equal((await next.run.ended).outOfMemory, false);
      },
    );

    describe('with a service', { skip: !harness.service && 'services have no channel here' }, () => {
      const service = (mode: string): ProgramDeclaration => harness.service?.(mode) ?? program('exit', '1');
      const byChannel = { stop: { ...signalStop, by: { type: 'ipc' } } } as const;
      const until = async (started: Started, state: string): Promise<LifecycleStatus> => {
        for (;;) {
          const found = started.statuses.find((status) => status.state === state);
          if (found) return found;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };

      test('hands on its status, its health, and that it stops when it is asked', async () => {
        const started = start(service(''), byChannel);
        assert.equal((await until(started, 'running')).text, 'Serving');
        assert.equal((await started.run.probe(5000))?.report.state, 'ok');
        await started.run.askToStop();
        assert.equal((await started.run.ended).exitCode, 0);
        assert.equal(started.statuses.at(-1)?.state, 'stopped');
        assert.equal(await started.run.probe(5000), undefined);
        assert.equal(await started.run.control({ type: 'reload' }), undefined);
      });

      test('asks it to give memory back', async () => {
        const started = start(service(''), byChannel);
        await until(started, 'running');
        assert.equal(await started.run.reclaim({ reason: 'memory', used: 2, limit: 1 }), true);
        started.run.kill();
        assertKilled(await started.run.ended);
      });

      test('a question that is not answered ends with the run', async () => {
        const started = start(service('silent'), byChannel);
        await until(started, 'running');
        assert.equal(await started.run.probe(50), undefined);
        const open = started.run.control({ type: 'reload' });
        started.run.kill();
        assert.equal(await open, undefined);
        await started.run.ended;
      });
    });

    describe('with real processes', { skip: !isReal && 'they are only played' }, () => {
      const lives = (pid: number): boolean => isAlive?.(pid) ?? false;
      const pidsOf = (output: CollectedOutput): number[] =>
        [...output.text('stdout').matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));

      test('kills the whole tree: children, other sessions, orphans', async (t: TestContext) => {
        const { run, output } = start(program('tree'));
        await output.printed(/ready/);
        const pids = pidsOf(output);
        t.assert.equal(pids.length, 3);
        for (const pid of pids) t.assert.ok(lives(pid));
        run.kill();
        assertKilled(await run.ended);
        for (const pid of pids) t.assert.ok(!lives(pid), `process ${pid} is left`);
      });

      test('what a program leaves behind ends with it', async () => {
        const { run, output } = start(program('leave'));
        assert.equal((await run.ended).exitCode, 5);
        const [pid = 0] = pidsOf(output);
        assert.ok(pid > 0 && !lives(pid), `process ${pid} is left`);
      });

      test('loses no line to a reader that is slow', { skip: cannot['take output'] }, async () => {
        const count = 1_000_000;
        const output = new CollectedOutput({ slow: true, keeps: false });
        const { run } = start(program('lines', String(count)), {}, output);
        assert.equal((await run.ended).exitCode, 0);
        assert.equal(output.lines.stdout, count);
      });

      test('a program may close its pipes', async () => {
        const { run } = start(program('mute'));
        assert.equal((await run.ended).exitCode, 4);
      });

      test(
        'two runs of one instance side by side, as in a reload',
        { skip: cannot['run one twice'] },
        async () => {
          const old = start(program('hang'));
          await old.output.printed(/ready/);
          const renewed = start(program('hang'));
          await renewed.output.printed(/ready/);
          assert.ok(isAlive?.(old.run.pid ?? 0), 'the second start has not ended the first run');
          old.run.kill();
          assertKilled(await old.run.ended);
          assert.ok(isAlive?.(renewed.run.pid ?? 0), 'the end of the first run has not ended the second');
          const third = start(program('hang'));
          await third.output.printed(/ready/);
          for (const { run } of [renewed, third]) {
            assert.ok(isAlive?.(run.pid ?? 0));
            run.kill();
            assertKilled(await run.ended);
          }
        },
      );

      test('many run side by side', async () => {
        const all = Array.from({ length: 16 }, (_, instance) =>
          start(program('lines', String(instance + 1)), {}, new CollectedOutput(), instance),
        );
        const ends = await Promise.all(all.map(({ run }) => run.ended));
        assert.deepEqual(new Set(ends.map(({ exitCode }) => exitCode)), new Set([0]));
        assert.deepEqual(
          all.map(({ output }) => output.lines.stdout),
          all.map((_, index) => index + 1),
        );
      });
    });

    test('forgets a service', async () => {
      await opened.runner.forget('subject');
      const { run } = start(program('exit', '0'));
      assert.equal((await run.ended).exitCode, 0);
    });
  });
}

const turn = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 5));
};

function commandOf(program: ProgramDeclaration): readonly string[] {
  return [program.command, ...program.args];
}

/** Nobody listens on it; the next that asks the kernel gets another one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
