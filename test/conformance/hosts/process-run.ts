import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ServiceState } from '@mainstay/core';
import type { FixtureWorkspace, ProcessExit } from '../harness.ts';
import { patienceMs } from '../workspace.ts';

/** Entry of the fixture, from source. */
export const fixtureEntry = fileURLToPath(new URL('../fixture-main.ts', import.meta.url));

/** The environment of a host that is not there: what this process itself may run under is kept out. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR !== undefined && { TMPDIR }), ...more };
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdio?: StdioOptions;
}

/** A child process of the suite, whose output is kept. */
export class FixtureProcess {
  readonly child: ChildProcess;
  #output = '';
  readonly #exit: Promise<ProcessExit>;
  hasExited = false;

  constructor({ command, args, env = plainEnvironment(), stdio = ['ignore', 'pipe', 'pipe'] }: SpawnOptions) {
    this.child = spawn(command, args, { env, stdio });
    const ended = [this.child.stdout, this.child.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => {
          if (!stream) resolve();
          stream?.setEncoding('utf8').on('close', resolve);
          stream?.on('data', (text: string) => {
            this.#output += text;
          });
        }),
    );
    const exit = new Promise<ProcessExit>((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('exit', (code, signal) => {
        resolve({ code: code ?? undefined, signal: signal ?? undefined });
      });
    });
    // Not the child's `close`, which does not come when we have disconnected it; and the last output comes after `exit`.
    this.#exit = (async () => {
      await Promise.all([exit, ...ended]);
      this.hasExited = true;
      return exit;
    })();
  }

  get output(): string {
    return this.#output;
  }

  async exited(): Promise<ProcessExit> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`Still runs after ${patienceMs} ms`)), patienceMs);
    try {
      return await Promise.race([this.#exit, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it if it still runs; resolves when it is gone. */
  async destroy(): Promise<void> {
    if (!this.hasExited) this.child.kill('SIGKILL');
    await this.#exit;
  }
}

/** What the log lines of a service say about its state: all that a terminal shows. */
export function stateOfOutput(process: FixtureProcess): ServiceState {
  if (process.hasExited) return 'stopped';
  const { output } = process;
  if (output.includes('Service is stopping')) return 'stop-pending';
  return output.includes('Service is up') ? 'running' : 'start-pending';
}

export const fixtureArguments = (workspace: FixtureWorkspace): string[] => [
  fixtureEntry,
  'run',
  '--config',
  workspace.planFile,
];
