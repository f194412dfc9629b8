import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it, type TestContext } from 'node:test';

const program = fileURLToPath(new URL('fixtures/slow-service.ts', import.meta.url));
const unshare = ['--fork', '--pid', '--mount-proc', '--kill-child'];
const asFirst = {
  skip: process.platform !== 'linux' || spawnSync('unshare', [...unshare, 'true']).status !== 0,
};
const onPosix = { skip: process.platform === 'win32' };

interface Running {
  readonly child: ChildProcess;
  /** Code and signal. */
  readonly exited: Promise<unknown[]>;
  /** Waits until it has said this. */
  readonly said: (text: string) => Promise<void>;
}

function run(t: TestContext, stayAt: string, wrapper: readonly string[] = []): Running {
  const own = [program, 'run'];
  const [command = process.execPath, ...before] = wrapper;
  const args = wrapper.length === 0 ? own : [...before, process.execPath, ...own];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], STAY_AT: stayAt },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return {
    child,
    exited: once(child, 'exit'),
    async said(text) {
      while (!output.includes(text)) {
        assert.equal(child.exitCode, null, output);
        await sleep(2);
      }
    },
  };
}

/** The only child of a process, in this namespace's numbers (proc(5), task/tid/children). */
function childOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

describe('a signal during the start', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const place of ['load', 'start', 'up']) {
      it(`${signal} at "${place}" is a stop`, onPosix, async (t) => {
        const { child, exited, said } = run(t, place);
        await said(`at ${place}`);
        child.kill(signal);
        assert.deepEqual(await exited, [0, null]);
      });
    }
  }

  it('is never lost, whenever it comes', onPosix, async (t) => {
    for (let delayMs = 0; delayMs <= 150; delayMs += 10) {
      const { child, exited } = run(t, 'up');
      await sleep(delayMs);
      child.kill('SIGTERM');
      const [code, signal] = await exited;
      // Before Node runs any JavaScript the signal does what it does to every process.
      assert.ok(code === 0 || signal === 'SIGTERM', `after ${delayMs} ms: ${String(code ?? signal)}`);
    }
  });

  for (const place of ['load', 'start', 'up']) {
    it(`ends PID 1 at "${place}", which the kernel would not`, asFirst, async (t) => {
      const { child, exited, said } = run(t, place, ['unshare', ...unshare]);
      await said(`at ${place}`);
      process.kill(childOf(child.pid), 'SIGTERM');
      assert.deepEqual(await exited, [0, null]);
    });
  }

  it('is never lost on PID 1 once the program runs, in whatever moment it comes', asFirst, async (t) => {
    for (let delayMs = 0; delayMs <= 60; delayMs += 15) {
      const { child, exited, said } = run(t, 'up', ['unshare', ...unshare]);
      await said('at load');
      await sleep(delayMs);
      process.kill(childOf(child.pid), 'SIGTERM');
      assert.deepEqual(await exited, [0, null], `after ${delayMs} ms`);
    }
  });
});

describe('a command that is no run', () => {
  it('ends by SIGTERM as any program does', onPosix, async (t) => {
    const child = spawn(process.execPath, [program, 'version'], {
      env: { PATH: process.env['PATH'], STAY_AT: 'load' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
  });
});
