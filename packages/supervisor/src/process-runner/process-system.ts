import type { ChildProcess } from 'node:child_process';

import type { Container } from '@mainstay/platform';

import type { StopRules } from '../manifest/types.ts';
import type { RunOutput } from '../output/types.ts';
import type { LeftoverOutput, RunId, RunnerCapabilities } from '../runner/types.ts';

/** What a way to stop needs to know of the run. */
export interface StopTarget {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly container: Container;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  /** How long it may take to ask, in milliseconds. */
  readonly timeoutMs: number;
}

/** The ways that need no channel of ours. */
export type OutsideStop = Exclude<StopRules['by'], { readonly type: 'ipc' }>;

/** The two streams of one run, between the program and its `RunOutput`. */
export interface RunPipes {
  /** What the child gets as its descriptors 1 and 2. */
  readonly stdio: readonly [number | 'pipe', number | 'pipe'];
  /** Begins to read; called right after the start. */
  attach(child: ChildProcess, output: RunOutput): void;
  /** In place of `attach`, when it could not be started. */
  discard(): void;
  /** To be called when the whole tree has ended; resolves when the output has taken all that was written. */
  drained(): Promise<void>;
}

/** What the process runner needs of an operating system. */
export interface ProcessSystem {
  /** A session of its own: Ctrl-C on the agent's terminal does not reach the program, and it has no terminal. */
  readonly detached: boolean;
  readonly unavailableStops: RunnerCapabilities['unavailableStops'];
  openPipes(id: RunId, user: string | undefined): RunPipes;
  /** Rejects when it cannot be asked in that way. */
  stop(by: OutsideStop, target: StopTarget): Promise<void>;
  signal(pid: number, name: string): void;
  /** Of the main process; undefined when they may not be counted. */
  openFiles(pid: number): number | undefined;
  leftovers(): Promise<readonly LeftoverOutput[]>;
  close(): void;
}
