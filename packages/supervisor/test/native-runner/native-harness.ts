import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ServiceManager } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';

import { NativeRunner } from '../../src/native-runner/native-runner.ts';
import type { OutputStream, RunOutput } from '../../src/output/types.ts';
import type { Run, RunEvents, Runner, RunSpec } from '../../src/runner/types.ts';
import type { RunnerHarness } from '../runner/runner-contract.ts';
import { noOutput, silent } from './declarations.ts';

const program = fileURLToPath(new URL('../fixtures/program.mjs', import.meta.url));
/** Between two looks at what programs have written, in ms. */
const pumpMs = 10;

export interface NativeHarnessOptions {
  readonly title: string;
  /** In an empty folder; `close` ends what is left. */
  openManager(folder: string): Promise<{ readonly manager: ServiceManager; close(): Promise<void> }>;
}

/** The runner contract on any service manager. */
export function nativeHarness(options: NativeHarnessOptions): RunnerHarness {
  const folder = tmpdir();
  return {
    title: options.title,
    async open() {
      const directory = mkdtempSync(join(tmpdir(), 'native-contract-'));
      const opened = await options.openManager(directory);
      const native = new NativeRunner({
        manager: opened.manager,
        clock: systemClock,
        log: silent,
        directory: join(directory, 'runner'),
      });
      return {
        runner: withOutput(native, directory),
        async close() {
          await native.adopt(
            () => undefined,
            () => ({ onStatus() {}, onOutOfMemory() {} }),
          );
          await native.close();
          await opened.close();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
    program: (...words) => ({ type: 'exec', command: process.execPath, args: [program, ...words] }),
    declaration: { cwd: '/', runner: 'native' },
    env: { PATH: process.env['PATH'] ?? '' },
    hasSignals: true,
    stops: ['command'],
    isAlive,
    scratch: (name) => join(folder, `native-contract-${process.pid}-${name}`),
    holdsMemory: false,
    cannot: {
      'know the pid at once': 'the manager is another process, which has to be asked to start it',
      'run one twice': 'the manager has one process for each unit',
      'take output': 'the manager keeps the output, so that it can do so without an agent',
    },
  };
}

/**
 * What the fixture writes goes to files, which the suite reads to follow what it is at; a manager keeps output as it likes.
 * Other programs are left as they are.
 */
function withOutput(runner: Runner, directory: string): Runner {
  let runs = 0;
  return new Proxy(runner, {
    get(target, key) {
      if (key !== 'start') return bound(target, key);
      return (spec: RunSpec, events: RunEvents, output: RunOutput): Run => {
        runs += 1;
        const files = join(directory, `run-${runs}`);
        const run = runner.start(redirected(spec, files), events, noOutput());
        const ended = pumped(run, files, output);
        return new Proxy(run, { get: (of, name) => (name === 'ended' ? ended : bound(of, name)) });
      };
    },
  });
}

function bound(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
}

/** One that has ended, and that nobody has waited for, is gone (proc_pid_stat(5), state Z). */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

function redirected(spec: RunSpec, files: string): RunSpec {
  const { command, args, type } = spec.declaration.program;
  if (type !== 'exec' || args[0] !== program) return spec;
  const line = 'files=$1; shift; exec "$@" >"$files.stdout" 2>"$files.stderr"';
  const wrapped = { type, command: '/bin/sh', args: ['-c', line, 'sh', files, command, ...args] } as const;
  return { ...spec, declaration: { ...spec.declaration, program: wrapped } };
}

async function pumped(run: Run, files: string, output: RunOutput): Promise<Awaited<Run['ended']>> {
  const at = { stdout: 0, stderr: 0 };
  const pump = (): void => {
    for (const stream of ['stdout', 'stderr'] as const)
      at[stream] += copy(`${files}.${stream}`, at[stream], stream, output);
  };
  const timer = setInterval(pump, pumpMs);
  const end = await run.ended;
  clearInterval(timer);
  pump();
  await output.end();
  return end;
}

function copy(file: string, from: number, stream: OutputStream, output: RunOutput): number {
  if (!existsSync(file)) return 0;
  const buffer = Buffer.alloc(64 * 1024);
  const fd = openSync(file, 'r');
  try {
    let copied = 0;
    for (;;) {
      const count = readSync(fd, buffer, 0, buffer.length, from + copied);
      if (count === 0) return copied;
      copied += count;
      output.write(stream, buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}
