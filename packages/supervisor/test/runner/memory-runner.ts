import type { Clock, ControlAnswer, LifecycleStatus } from '@mainstay/core';

import type { RunOutput } from '../../src/output/types.ts';
import { runnerErrors } from '../../src/runner/errors.ts';
import type { HealthProbe, Run, RunEnd, RunEvents, Runner, RunSpec, Usage } from '../../src/runner/types.ts';

/** What a played program can do; it begins to be played in the next turn, as a process would. */
export interface Stage {
  readonly spec: RunSpec;
  print(stream: 'stdout' | 'stderr', text: string): void;
  status(status: Partial<LifecycleStatus> & Pick<LifecycleStatus, 'state'>): void;
  exit(code: number): void;
  /** Ended by a signal. */
  die(signal: string): void;
  outOfMemory(): void;
}

/** What it does when something is asked of it; what is missing, a default program does. */
export interface Actor {
  /** @default a signal ends it */
  onSignal?(name: string): void;
  /** By whatever way it is asked to stop; false when it cannot be asked. @default a signal */
  onStop?(): boolean;
  control?(): ControlAnswer | undefined;
  probe?(): HealthProbe | undefined;
  reclaim?(): boolean | undefined;
  usage?(): Usage;
}

export type Play = (stage: Stage) => Actor;

const usual: Usage = { cpuMs: 1, memoryBytes: 10 * 1024 * 1024, processes: 1, openFiles: 10 };

/** A runner whose programs are played, for what supervises: no process, no waiting. It keeps the runners' contract. */
export class MemoryRunner implements Runner {
  readonly kind = 'process';
  readonly capabilities = {
    unheldLimits: {},
    unavailableStops: {},
    capturesOutput: true,
    passesSockets: false,
    changesUser: false,
    survivesAgent: false,
  };
  readonly living = new Set<MemoryRun>();
  readonly #clock: Clock;
  readonly #play: (spec: RunSpec) => Play | Error;
  #lastPid = 1000;

  /** `play` says what a specification runs; an error when it cannot be started. */
  constructor(options: { readonly clock: Clock; readonly play: (spec: RunSpec) => Play | Error }) {
    this.#clock = options.clock;
    this.#play = options.play;
  }

  start(spec: RunSpec, events: RunEvents, output: RunOutput): Run {
    this.#lastPid += 1;
    const run = new MemoryRun({
      spec,
      events,
      output,
      play: this.#play(spec),
      pid: this.#lastPid,
      at: this.#clock.now(),
    });
    if (run.pid !== undefined) {
      this.living.add(run);
      void run.ended.then(() => this.living.delete(run));
    }
    return run;
  }

  async adopt(): Promise<readonly Run[]> {
    return [];
  }

  async leftovers(): Promise<readonly []> {
    return [];
  }

  async forget(): Promise<void> {
    // It keeps nothing.
  }

  async close(): Promise<void> {
    for (const run of this.living) run.kill();
  }
}

interface MemoryRunParts {
  readonly spec: RunSpec;
  readonly events: RunEvents;
  readonly output: RunOutput;
  readonly play: Play | Error;
  readonly pid: number;
  readonly at: number;
}

class MemoryRun implements Run {
  readonly id;
  readonly pid: number | undefined;
  readonly startedAt: number;
  readonly ended: Promise<RunEnd>;
  readonly #parts: MemoryRunParts;
  #actor: Actor | undefined;
  #isOver = false;
  #sawMemoryKill = false;
  #settle: (end: RunEnd) => void = () => undefined;

  constructor(parts: MemoryRunParts) {
    const { spec, play, pid, at } = parts;
    this.#parts = parts;
    this.id = spec.id;
    this.startedAt = at;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (play instanceof Error) {
      this.#end({ exitCode: undefined, signal: undefined, error: play, outOfMemory: false });
      return;
    }
    this.pid = pid;
    queueMicrotask(() => {
      if (!this.#isOver) this.#actor = play(this.#stage());
    });
  }

  async askToStop(): Promise<void> {
    if (this.#isOver) return;
    const { by } = this.#parts.spec.declaration.stop;
    if (!this.#actor?.onStop) return this.signal(by.type === 'signal' ? by.signal : 'SIGTERM');
    if (!this.#actor.onStop())
      throw runnerErrors.error('RUN_CANNOT_ASK', 'The program cannot be asked to end');
  }

  kill(): void {
    this.#die('SIGKILL');
  }

  signal(name: string): void {
    if (this.#isOver) return;
    if (this.#actor?.onSignal) this.#actor.onSignal(name);
    else this.#die(name);
  }

  async control(): Promise<ControlAnswer | undefined> {
    return await this.#ask(() => this.#actor?.control?.());
  }

  async probe(): Promise<HealthProbe | undefined> {
    return await this.#ask(() => this.#actor?.probe?.());
  }

  async reclaim(): Promise<boolean | undefined> {
    return await this.#ask(() => this.#actor?.reclaim?.());
  }

  async usage(): Promise<Usage | undefined> {
    return await this.#ask(() => this.#actor?.usage?.() ?? usual);
  }

  async #ask<Answer>(answer: () => Answer): Promise<Answer | undefined> {
    return this.#isOver ? undefined : answer();
  }

  #stage(): Stage {
    const { spec, events, output } = this.#parts;
    const whileAlive = (act: () => void): void => {
      if (!this.#isOver) act();
    };
    return {
      spec,
      print: (stream, text) => whileAlive(() => void output.write(stream, Buffer.from(text))),
      status: (status) =>
        whileAlive(() => {
          const accepts = {} as LifecycleStatus['accepts'];
          events.onStatus({ text: '', accepts, checkpoint: 0, waitHintMs: 0, reloading: false, ...status });
        }),
      exit: (exitCode) =>
        this.#end({
          exitCode,
          signal: undefined,
          error: undefined,
          outOfMemory: this.#sawMemoryKill && exitCode !== 0,
        }),
      die: (signal) => this.#die(signal),
      outOfMemory: () =>
        whileAlive(() => {
          this.#sawMemoryKill = true;
          events.onOutOfMemory();
          this.#die('SIGKILL');
        }),
    };
  }

  #die(signal: string): void {
    this.#end({ exitCode: undefined, signal, error: undefined, outOfMemory: this.#sawMemoryKill });
  }

  #end(end: RunEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void this.#parts.output.end().then(() => this.#settle(end));
  }
}
