import type { Clock, LifecycleStatus, Logger } from '@mainstay/core';

import type { ProbeKind, Prober } from '../health/types.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import type { StartCause } from '../supervisor/types.ts';
import type { HealthProbe, Run, RunId, Usage } from '../runner/types.ts';
import {
  endLimits,
  initialLimits,
  stepLimits,
  type LimitEffect,
  type LimitsModel,
} from '../watch/step-limits.ts';
import { ProbeWatch, type ProbeWatchOptions } from './probe-watch.ts';

/** How long a Mainstay service has for its report when it is sampled, in ms. */
const reportTimeoutMs = 2000;

export interface LiveRunOptions {
  readonly id: RunId;
  readonly cause: StartCause;
  readonly clock: Clock;
  readonly prober: Prober;
  readonly log: Logger;
  readonly onResult: ProbeWatchOptions['onResult'];
  readonly onVerdict: ProbeWatchOptions['onVerdict'];
  onLimit(effect: LimitEffect): void;
}

/** What is known of a process from outside: its probes, its status, what it takes. */
export class LiveRun {
  readonly #options: LiveRunOptions;
  readonly #watches: Partial<Record<ProbeKind, ProbeWatch>> = {};
  #limits: LimitsModel | undefined;
  #sampledAt: number | undefined;
  /** Set right after the start. */
  run: Run | undefined;
  readonly id: RunId;
  /** Why it was started. */
  readonly cause: StartCause;
  /** Monotonic; the wall time of the start is the run's. */
  readonly startedAt: number;
  status: LifecycleStatus | undefined;
  usage: Usage | undefined;
  cpuPercent: number | undefined;
  report: HealthProbe | undefined;

  constructor(options: LiveRunOptions, startedAt = options.clock.monotonic()) {
    this.#options = options;
    this.id = options.id;
    this.cause = options.cause;
    this.startedAt = startedAt;
  }

  lastProbe(kind: ProbeKind): ProbeWatch['last'] {
    return this.#watches[kind]?.last;
  }

  /** Begins a probe, where the declaration has one. */
  watch(kind: ProbeKind, declaration: ServiceDeclaration): void {
    const rules = declaration.health[kind];
    const { run } = this;
    if (!rules || !run) return;
    const { clock, prober, onResult, onVerdict } = this.#options;
    this.#watches[kind]?.end();
    const probe = (timeoutMs: number) => prober.probe(rules.target, { run, declaration }, timeoutMs);
    this.#watches[kind] = new ProbeWatch({ kind, rules, clock, probe, onResult, onVerdict });
  }

  endProbes(): void {
    for (const watch of Object.values(this.#watches)) watch.end();
  }

  /** It is about to end, or has: no probes, no limits any more. */
  close(): void {
    this.endProbes();
    const { run } = this;
    this.run = undefined;
    if (!this.#limits || !run) return;
    for (const effect of endLimits(this.#limits).effects) this.#options.onLimit(effect);
    this.#limits = undefined;
  }

  /** Measures once. Never rejects. */
  async sample(declaration: ServiceDeclaration): Promise<void> {
    const { run } = this;
    if (!run) return;
    const isUp = declaration.program.type === 'service' && this.status?.state === 'running';
    const [usage, report] = await Promise.all([
      run.usage().catch(() => undefined),
      isUp ? run.probe(reportTimeoutMs).catch(() => undefined) : undefined,
    ]);
    if (this.run !== run) return;
    this.report = report ?? this.report;
    if (usage) this.#measured(usage, declaration);
  }

  #measured(usage: Usage, { limits }: ServiceDeclaration): void {
    const at = this.#options.clock.monotonic();
    const elapsed = at - (this.#sampledAt ?? at);
    if (this.usage && elapsed > 0)
      this.cpuPercent = Math.max(0, ((usage.cpuMs - this.usage.cpuMs) / elapsed) * 100);
    this.usage = usage;
    this.#sampledAt = at;
    const before =
      this.#limits?.limits === limits ? this.#limits : { ...(this.#limits ?? initialLimits(limits)), limits };
    const { memoryBytes, openFiles } = usage;
    const { model, effects } = stepLimits(
      before,
      { memoryBytes, openFiles, cpuPercent: this.cpuPercent },
      at,
    );
    this.#limits = model;
    for (const effect of effects) this.#options.onLimit(effect);
  }
}
