import type { Control, ControlAnswer, LifecycleStatus, SupervisedHealth } from '@mainstay/core';

/** A program to be run, in terms of the operating system. */
export interface ProgramSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type OutputStream = 'stdout' | 'stderr';

/** What a run tells, as it happens; called in order, and never after `ended` has resolved. */
export interface RunEvents {
  onStatus(status: LifecycleStatus): void;
  /** One line of output without its end. */
  onLine(line: string, stream: OutputStream): void;
}

export interface RunEnd {
  /** Undefined when a signal ended it, or it never started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it could not be started. */
  readonly error: Error | undefined;
}

export interface HealthProbe {
  readonly report: SupervisedHealth;
  /** The runtime's own measurements, as the service sends them. */
  readonly metrics: unknown;
}

/** One run of a program, from its start to its end. */
export interface Run {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the process has ended and its output has been read; never rejects. */
  readonly ended: Promise<RunEnd>;
  /** Asks the service; undefined when it cannot be asked any more. */
  control(control: Control): Promise<ControlAnswer | undefined>;
  /** Undefined when there was no answer in time. */
  probe(timeoutMs: number): Promise<HealthProbe | undefined>;
  /** Ends it and everything that it started, without asking. */
  kill(): void;
}

/** How programs are run: as children of this process, or later by the operating system's own manager. */
export interface Runner {
  start(spec: ProgramSpec, events: RunEvents): Run;
}

/** `exit code 1`, `signal SIGKILL`, or why it could not be started. */
export function describeEnd(end: RunEnd): string {
  if (end.error) return `no start: ${end.error.message}`;
  return end.signal === undefined ? `exit code ${end.exitCode ?? '?'}` : `signal ${end.signal}`;
}
