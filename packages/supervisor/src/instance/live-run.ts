import type { Clock, LifecycleStatus, Logger, Timer } from '@mainstay/core';

import type { ProbeKind, Prober, ProbeResult } from '../health/types.ts';
import type { ProbeRules, ServiceDeclaration } from '../manifest/types.ts';
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
import { startTimeoutMs } from './types.ts';

/** How long liveness waits for the first readiness at most, in ms; as long as a start may take. */
const patienceMs = startTimeoutMs;
/** How long the result of one probe serves another one that would ask the same, in ms. */
const freshMs = 1000;
/** How long a Mainstay service has for its report when it is sampled, in ms. */
const reportTimeoutMs = 2000;

export interface LiveRunOptions {
  readonly id: RunId;
  /** Undefined for one that an earlier agent started. */
  readonly cause: StartCause | undefined;
  readonly clock: Clock;
  readonly prober: Prober;
  readonly log: Logger;
  readonly onResult: ProbeWatchOptions['onResult'];
  readonly onVerdict: ProbeWatchOptions['onVerdict'];
  onLimit(effect: LimitEffect): void;
}

interface AskedProbe {
  readonly share: string;
  readonly kind: ProbeKind;
  readonly result: Promise<ProbeResult>;
  /** Monotonic. */
  answeredAt: number | undefined;
}

/** The same for probes that ask the same; undefined when nothing may be shared: a heartbeat depends on who asks. */
function shareOf(kind: ProbeKind, { target, intervalMs, timeoutMs }: ProbeRules): string | undefined {
  if (kind === 'startup' || target.type === 'heartbeat' || intervalMs < 2 * freshMs) return undefined;
  return JSON.stringify({ target, intervalMs, timeoutMs });
}

/** What is known of a process from outside: its probes, its status, what it takes. */
export class LiveRun {
  readonly #options: LiveRunOptions;
  readonly #watches: Partial<Record<ProbeKind, ProbeWatch>> = {};
  /** The latest probe that another one may share. */
  #asked: AskedProbe | undefined;
  #wasReady = false;
  #patience: Timer | undefined;
  #limits: LimitsModel | undefined;
  #sampledAt: number | undefined;
  /** Set right after the start. */
  run: Run | undefined;
  readonly id: RunId;
  /** Why it was started. */
  /** Undefined for one that an earlier agent started. */
  readonly cause: StartCause | undefined;
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

  watchStartup(declaration: ServiceDeclaration): void {
    this.#watch('startup', declaration);
  }

  /**
   * Begins readiness, and liveness as soon as it has been ready once: its first seconds are no failure. One that does not
   * get ready at all is looked after from `patienceMs` on.
   */
  watchHealth(declaration: ServiceDeclaration): void {
    this.#wasReady ||= declaration.health.readiness === undefined;
    if (!this.#wasReady) {
      this.#patience?.clear();
      this.#patience = this.#options.clock.setTimer(patienceMs, () => this.#ready(declaration));
    }
    this.#watch('readiness', declaration);
    if (this.#wasReady) this.#watch('liveness', declaration);
  }

  endProbes(): void {
    this.#patience?.clear();
    this.#patience = undefined;
    for (const watch of Object.values(this.#watches)) watch.end();
  }

  /** Begins a probe, where the declaration has one. */
  #watch(kind: ProbeKind, declaration: ServiceDeclaration): void {
    const rules = declaration.health[kind];
    const { run } = this;
    if (!rules || !run) return;
    const { clock, onResult, onVerdict } = this.#options;
    this.#watches[kind]?.end();
    const share = shareOf(kind, rules);
    this.#watches[kind] = new ProbeWatch({
      kind,
      rules,
      clock,
      probe: (timeoutMs) => this.#probe(share, { run, declaration, kind, rules, timeoutMs }),
      onResult,
      onVerdict: (judged, ok, ...rest) => {
        onVerdict(judged, ok, ...rest);
        if (judged === 'readiness' && ok && this.run) this.#ready(declaration);
      },
    });
  }

  #ready(declaration: ServiceDeclaration): void {
    if (this.#wasReady) return;
    this.#wasReady = true;
    this.#patience?.clear();
    this.#patience = undefined;
    this.#watch('liveness', declaration);
  }

  /** Readiness and liveness that ask the same ask once: they began together, and have the same interval. */
  #probe(
    share: string | undefined,
    of: {
      readonly run: Run;
      readonly declaration: ServiceDeclaration;
      readonly kind: ProbeKind;
      readonly rules: ProbeRules;
      readonly timeoutMs: number;
    },
  ): Promise<ProbeResult> {
    const { clock, prober } = this.#options;
    const { run, declaration, kind } = of;
    const ask = () => prober.probe(of.rules.target, { run, declaration, kind }, of.timeoutMs);
    if (share === undefined) return ask();
    const latest = this.#asked;
    const isFresh = (at: number | undefined) => at === undefined || clock.monotonic() - at < freshMs;
    // The same kind asks again because it wants to know anew.
    if (latest?.share === share && latest.kind !== kind && isFresh(latest.answeredAt)) return latest.result;
    const asked: AskedProbe = { share, kind, result: ask(), answeredAt: undefined };
    this.#asked = asked;
    void asked.result.then(() => (asked.answeredAt = clock.monotonic()));
    return asked.result;
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
