import type { ProbeRules } from '../manifest/types.ts';
import type { ProbeKind, ProbeResult } from './types.ts';

/** First wait of the quick probes, and by what each is longer than the one before; in milliseconds. */
const quickFirstMs = 100;
const quickFactor = 1.5;

/**
 * One probe of one run, over time.
 *
 * - `idle`: not begun, or over. `waiting`: a timer is set. `probing`: one is under way.
 *
 * INVARIANTS: at most one probe is under way, and a timer is set exactly in `waiting`. `ok` and `failed` follow each
 * other: no verdict is told twice in a row.
 */
export interface ProbeModel {
  readonly kind: ProbeKind;
  readonly rules: ProbeRules;
  readonly phase: 'idle' | 'waiting' | 'probing';
  readonly verdict: 'unknown' | 'ok' | 'failed';
  /** Failures that count: not those of the quick probes. */
  readonly failuresInRow: number;
  readonly successesInRow: number;
  /** Wait before the next quick probe, in ms; undefined when they are over. */
  readonly quickMs: number | undefined;
}

export type ProbeEvent =
  /** The run has begun (startup), or its startup probe is well (readiness, liveness). Begins anew at any time. */
  | { readonly type: 'begin' }
  | { readonly type: 'timer' }
  | { readonly type: 'result'; readonly result: ProbeResult }
  /** The run is asked to end, or has ended. A result that comes later is ignored. */
  | { readonly type: 'end' };

export type ProbeEffect =
  | { readonly type: 'set-timer'; readonly ms: number }
  | { readonly type: 'clear-timer' }
  /** Do one, bounded by `timeoutMs`, and say its result. */
  | { readonly type: 'probe'; readonly timeoutMs: number }
  /**
   * It is well, or has failed as often as its rules say. Startup: the start is done, or has failed. Liveness: restart
   * when not ok. `before` is `unknown` for the first.
   */
  | {
      readonly type: 'verdict';
      readonly ok: boolean;
      readonly before: ProbeModel['verdict'];
      readonly detail: string;
      readonly failuresInRow: number;
    };

export interface ProbeStep {
  readonly model: ProbeModel;
  readonly effects: readonly ProbeEffect[];
}

export function initialProbe(kind: ProbeKind, rules: ProbeRules): ProbeModel {
  // Who waits for a start must not wait for an interval of 30 s because the first probe came a moment too soon. These
  // probes decide nothing but that it is well; liveness, whose verdict restarts, has none.
  const quickMs = kind === 'liveness' || quickFirstMs >= rules.intervalMs ? undefined : quickFirstMs;
  return { kind, rules, phase: 'idle', verdict: 'unknown', failuresInRow: 0, successesInRow: 0, quickMs };
}

/** When to probe, and what the results come to. A startup probe is over with its first verdict; the others go on. */
export function stepProbe(model: ProbeModel, event: ProbeEvent): ProbeStep {
  switch (event.type) {
    case 'begin':
      return begun(model);
    case 'timer':
      return model.phase === 'waiting' ? probe(model, []) : { model, effects: [] };
    case 'result':
      return model.phase === 'probing' ? judged(model, event.result) : { model, effects: [] };
    case 'end':
      return { model: { ...model, phase: 'idle' }, effects: clearing(model) };
  }
}

function begun(model: ProbeModel): ProbeStep {
  const fresh = initialProbe(model.kind, model.rules);
  const { delayMs } = model.rules;
  return delayMs > 0 ? wait(fresh, delayMs, clearing(model)) : probe(fresh, clearing(model));
}

function judged(model: ProbeModel, { ok, detail }: ProbeResult): ProbeStep {
  const counted = ok ? succeeded(model) : failed(model);
  const { rules, failuresInRow, successesInRow, verdict: before } = counted;
  const isWell = ok && before !== 'ok' && successesInRow >= rules.successes;
  const hasFailed = !ok && before !== 'failed' && failuresInRow >= rules.failures;
  const verdict = isWell ? 'ok' : hasFailed ? 'failed' : before;
  const effects: ProbeEffect[] =
    isWell || hasFailed ? [{ type: 'verdict', ok, before, detail, failuresInRow }] : [];
  const next: ProbeModel = { ...counted, verdict };
  if (model.kind === 'startup' && verdict !== 'unknown')
    return { model: { ...next, phase: 'idle' }, effects };
  // Well, it is looked after at its interval; not yet, after the quick wait that was due.
  const quickMs = ok ? counted.quickMs : model.quickMs;
  return wait(next, quickMs ?? rules.intervalMs, effects);
}

const succeeded = (model: ProbeModel): ProbeModel => ({
  ...model,
  failuresInRow: 0,
  successesInRow: model.successesInRow + 1,
  quickMs: model.successesInRow + 1 >= model.rules.successes ? undefined : model.quickMs,
});

function failed(model: ProbeModel): ProbeModel {
  if (model.quickMs === undefined)
    return { ...model, failuresInRow: model.failuresInRow + 1, successesInRow: 0 };
  const longer = Math.round(model.quickMs * quickFactor);
  return { ...model, successesInRow: 0, quickMs: longer < model.rules.intervalMs ? longer : undefined };
}

const wait = (model: ProbeModel, ms: number, before: readonly ProbeEffect[]): ProbeStep => ({
  model: { ...model, phase: 'waiting' },
  effects: [...before, { type: 'set-timer', ms }],
});

const probe = (model: ProbeModel, before: readonly ProbeEffect[]): ProbeStep => ({
  model: { ...model, phase: 'probing' },
  effects: [...before, { type: 'probe', timeoutMs: model.rules.timeoutMs }],
});

const clearing = (model: ProbeModel): readonly ProbeEffect[] =>
  model.phase === 'waiting' ? [{ type: 'clear-timer' }] : [];
