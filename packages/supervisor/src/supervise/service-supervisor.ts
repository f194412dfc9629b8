import {
  ExitCode,
  type Clock,
  type LifecycleStatus,
  type SupervisedHealth,
  type Timer,
} from '@mainstay/core';

import {
  initialRestart,
  isSettled,
  stepRestart,
  type RestartEvent,
  type RestartLimits,
  type RestartModel,
} from '../restart/policy.ts';
import { describeEnd, type OutputStream, type ProgramSpec, type Run, type Runner } from '../runner.ts';
import { usageOf, type Usage } from '../usage/usage.ts';
import type { ServiceView } from './view.ts';

export type ServiceEvent =
  /** Anything of the view has changed. */
  | { readonly type: 'changed' }
  | { readonly type: 'line'; readonly line: string; readonly stream: OutputStream }
  /** A run has ended; the view says what becomes of the service. */
  | { readonly type: 'ended'; readonly end: EndedRun };

export interface EndedRun {
  /** `exit code 1`, `signal SIGKILL`, or why it could not be started. */
  readonly description: string;
  readonly exitCode: number | undefined;
  /** From its start. */
  readonly uptimeMs: number;
  /** It did not end in time by itself, or somebody did not want to wait: it was killed, or it forced its own stop. */
  readonly forced: boolean;
}

export interface ServiceSupervisorOptions {
  readonly spec: ProgramSpec;
  readonly runner: Runner;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly readUsage: (pid: number) => Promise<Usage | undefined>;
  readonly onEvent: (event: ServiceEvent) => void;
  readonly limits?: RestartLimits;
  /** How often health and usage are asked for, in milliseconds. @default 2_000 */
  readonly probeIntervalMs?: number;
  /** How long a stop may take beyond what the service announces, in milliseconds. @default 20_000 */
  readonly stopGraceMs?: number;
}

const probeTimeoutMs = 5000;

/** Keeps one program running: the policy decides, this carries it out. */
export class ServiceSupervisor {
  readonly #options: ServiceSupervisorOptions;
  #model: RestartModel;
  #run: Run | undefined;
  #status: LifecycleStatus | undefined;
  #health: SupervisedHealth | undefined;
  #usage: { readonly rssBytes: number; readonly cpuPercent: number | undefined } | undefined;
  #lastUsage: (Usage & { readonly at: number }) | undefined;
  #startedAt: number | undefined;
  #killed = false;
  #restartTimer: Timer | undefined;
  #stopTimer: Timer | undefined;
  #probeTimer: Timer | undefined;
  readonly #waiters: Array<() => void> = [];

  constructor(options: ServiceSupervisorOptions) {
    this.#options = options;
    this.#model = initialRestart(options.limits);
  }

  get name(): string {
    return this.#options.spec.name;
  }

  start(): void {
    this.#step({ type: 'start', at: this.#options.clock.monotonic() });
  }

  stop(): void {
    this.#step({ type: 'stop' });
  }

  /** Ends it at once, with everything that it started. */
  kill(): void {
    this.stop();
    this.#kill();
  }

  /** Resolves when there is no process and none will come by itself. */
  async settled(): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  view(): ServiceView {
    const { phase, restarts, reason } = this.#model;
    const status = this.#status;
    return {
      name: this.name,
      phase,
      state: phase === 'active' || phase === 'stopping' ? (status?.state ?? 'start-pending') : undefined,
      pid: this.#run?.pid,
      uptimeMs: this.#startedAt === undefined ? undefined : this.#options.clock.monotonic() - this.#startedAt,
      restarts,
      reason,
      text: status?.text ?? '',
      health: this.#health?.state,
      cpuPercent: this.#usage?.cpuPercent,
      rssBytes: this.#usage?.rssBytes,
    };
  }

  #kill(): void {
    this.#killed = this.#run !== undefined;
    this.#run?.kill();
  }

  #isSettled(): boolean {
    return isSettled(this.#model.phase);
  }

  #step(event: RestartEvent): void {
    const { model, effects } = stepRestart(this.#model, event);
    this.#model = model;
    for (const effect of effects) {
      if (effect.type === 'spawn') this.#spawn();
      else if (effect.type === 'end') this.#askToEnd();
      else if (effect.type === 'clear-timer') this.#restartTimer?.clear();
      else
        this.#restartTimer = this.#options.clock.setTimer(effect.ms, () =>
          this.#step({ type: 'timer', at: this.#options.clock.monotonic() }),
        );
    }
    this.#changed();
    if (this.#isSettled()) for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #spawn(): void {
    const { clock, runner, spec, onEvent } = this.#options;
    this.#status = undefined;
    this.#startedAt = clock.monotonic();
    this.#killed = false;
    const run = runner.start(spec, {
      onStatus: (status) => this.#took(status),
      onLine: (line, stream) => onEvent({ type: 'line', line, stream }),
    });
    this.#run = run;
    this.#scheduleProbe(run);
    void this.#follow(run);
  }

  async #follow(run: Run): Promise<void> {
    const { exitCode, ...how } = await run.ended;
    const at = this.#options.clock.monotonic();
    const end: EndedRun = {
      description: describeEnd({ exitCode, ...how }),
      exitCode,
      uptimeMs: at - (this.#startedAt ?? at),
      forced: this.#killed || exitCode === ExitCode.forced,
    };
    this.#probeTimer?.clear();
    this.#stopTimer?.clear();
    this.#run = undefined;
    this.#startedAt = undefined;
    this.#health = undefined;
    this.#usage = undefined;
    this.#lastUsage = undefined;
    this.#step({
      type: 'ended',
      at,
      exitCode,
      description: end.description,
      random: this.#options.random(),
    });
    this.#options.onEvent({ type: 'ended', end });
  }

  #took(status: LifecycleStatus): void {
    this.#status = status;
    // A checkpoint of a long stop: the service says how long the next step may take.
    if (this.#model.phase === 'stopping' && status.waitHintMs > 0) this.#deadline(status.waitHintMs);
    this.#changed();
  }

  #askToEnd(): void {
    void this.#run?.control({ type: 'stop', reason: 'stop' });
    this.#deadline(0);
  }

  #deadline(hintMs: number): void {
    this.#stopTimer?.clear();
    const graceMs = this.#options.stopGraceMs ?? 20_000;
    this.#stopTimer = this.#options.clock.setTimer(hintMs + graceMs, () => this.#kill());
  }

  /** One after the other, so that a probe that hangs never has company. */
  #scheduleProbe(run: Run): void {
    const intervalMs = this.#options.probeIntervalMs ?? 2000;
    this.#probeTimer = this.#options.clock.setTimer(intervalMs, () => {
      void this.#probe(run);
    });
  }

  async #probe(run: Run): Promise<void> {
    await this.#look(run);
    if (this.#run === run) this.#scheduleProbe(run);
  }

  async #look(run: Run): Promise<void> {
    const [probe, usage] = await Promise.all([
      this.#status?.state === 'running' ? run.probe(probeTimeoutMs) : undefined,
      run.pid === undefined ? undefined : this.#options.readUsage(run.pid),
    ]);
    if (this.#run !== run) return;
    if (this.#status?.state === 'running')
      this.#health = probe?.report ?? {
        state: 'failed',
        ready: false,
        checks: { probe: { state: 'failed', detail: 'No answer' } },
      };
    const measured = usage ?? usageOf(probe?.metrics);
    if (measured) this.#measure(measured);
    this.#changed();
  }

  #measure(usage: Usage): void {
    const at = this.#options.clock.monotonic();
    const before = this.#lastUsage;
    const elapsed = before ? at - before.at : 0;
    this.#usage = {
      rssBytes: usage.rssBytes,
      cpuPercent:
        before && elapsed > 0 ? Math.max(0, ((usage.cpuMs - before.cpuMs) / elapsed) * 100) : undefined,
    };
    this.#lastUsage = { ...usage, at };
  }

  #changed(): void {
    this.#options.onEvent({ type: 'changed' });
  }
}
