import { formatDuration } from '@mainstay/core';

import type { RestartRules } from './types.ts';

/** What is remembered of the starts of one instance, so that the next end can be judged. Times are monotonic, in ms. */
export interface RestartHistory {
  /** Starts that nobody asked for by hand, and the first; only those within the window. */
  readonly starts: readonly number[];
  /** Runs in a row that were not stable. */
  readonly inRow: number;
  /** The run is the slow retry of a parked one: a quick end parks it again. */
  readonly onProbation: boolean;
}

export const noHistory: RestartHistory = { starts: [], inRow: 0, onProbation: false };

/** How a run ended that nobody had asked to end, or that was ended for a fault of its own. */
export interface JudgedEnd {
  /** Monotonic, in ms. */
  readonly at: number;
  readonly uptimeMs: number;
  readonly exitCode: number | undefined;
  /** It was ended for its probes or its memory, or by the kernel for its memory: not a good end, whatever its code says. */
  readonly isFault: boolean;
  /** For people: `exit code 1`, `signal SIGKILL`. */
  readonly description: string;
  /** For a fault, for people, to be put after "because": `its liveness probe failed 3 times in a row: no answer`. */
  readonly fault?: string | undefined;
  /** From 0 up to 1, for the jitter. */
  readonly random: number;
}

export type Verdict =
  | { readonly type: 'restart'; readonly afterMs: number }
  | { readonly type: 'complete' }
  | { readonly type: 'fail'; readonly reason: string }
  /** `retryMs` is 0 when it is not to be tried again. */
  | { readonly type: 'park'; readonly reason: string; readonly retryMs: number };

export interface Judgement {
  readonly verdict: Verdict;
  readonly history: RestartHistory;
}

/** Takes note of a start. */
export function noteStart(history: RestartHistory, rules: RestartRules, at: number): RestartHistory {
  return { ...history, starts: [...recent(history, rules, at), at] };
}

/** True for an end that needs no restart under `on-failure`. */
export function isGoodEnd(rules: RestartRules, end: Pick<JudgedEnd, 'exitCode' | 'isFault'>): boolean {
  const { exitCode, isFault } = end;
  return !isFault && exitCode !== undefined && (exitCode === 0 || rules.successOn.includes(exitCode));
}

/** The whole restart policy: what becomes of an instance whose run has ended. */
export function judgeEnd(history: RestartHistory, rules: RestartRules, end: JudgedEnd): Judgement {
  const { exitCode } = end;
  if (exitCode !== undefined && !end.isFault && rules.neverOn.includes(exitCode)) {
    const reason = `It ended with exit code ${exitCode}, after which it is not started again (restart.neverOn)`;
    return { verdict: { type: 'fail', reason }, history: noHistory };
  }
  const isGood = isGoodEnd(rules, end);
  if (isGood && rules.policy !== 'always') return { verdict: { type: 'complete' }, history: noHistory };
  if (rules.policy === 'never') {
    const how = end.fault === undefined ? 'It ended with' : 'It was ended because';
    const reason = `${how} ${end.fault ?? end.description}, and its restart policy is never`;
    return { verdict: { type: 'fail', reason }, history: noHistory };
  }
  return again(history, rules, end);
}

function again(history: RestartHistory, rules: RestartRules, end: JudgedEnd): Judgement {
  const isStable = end.uptimeMs >= rules.stableMs;
  const starts = recent(history, rules, end.at);
  const isLoop = starts.length >= rules.crashLoopStarts || (history.onProbation && !isStable);
  if (isLoop) return parked(history, rules, { end, starts });
  const inRow = isStable ? 0 : history.inRow + 1;
  const afterMs = isStable ? 0 : backoff(rules, inRow, end.random);
  return { verdict: { type: 'restart', afterMs }, history: { starts, inRow, onProbation: false } };
}

function parked(
  history: RestartHistory,
  rules: RestartRules,
  { end, starts }: { readonly end: JudgedEnd; readonly starts: readonly number[] },
): Judgement {
  const span = formatDuration(end.at - (starts[0] ?? end.at));
  const what = history.onProbation
    ? 'Crash loop: the slow retry ended too'
    : `Crash loop: ${starts.length} starts within ${span}`;
  const last = end.fault === undefined ? `with ${end.description}` : `because ${end.fault}`;
  const reason = `${what}, the last one ${last}`;
  return {
    verdict: { type: 'park', reason, retryMs: rules.parkedRetryMs },
    history: { starts: [], inRow: 0, onProbation: true },
  };
}

/** Doubles with each restart in a row, up to the most; between half and all of it, so that many do not come back at once. */
function backoff(rules: RestartRules, inRow: number, random: number): number {
  const full = Math.min(rules.backoffMaxMs, rules.backoffMinMs * 2 ** Math.min(inRow - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Of the starts only those that can still matter, so that the list stays short for ever. */
function recent(history: RestartHistory, rules: RestartRules, at: number): readonly number[] {
  return history.starts
    .filter((start) => at - start <= rules.crashLoopWindowMs)
    .slice(-Math.max(1, rules.crashLoopStarts));
}
