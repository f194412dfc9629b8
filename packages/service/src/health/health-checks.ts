import { messageOf } from '@mainstay/core';
import type { Health, HealthCheckResult, HealthReport, HealthState } from '../types.ts';

const order: readonly HealthState[] = ['ok', 'degraded', 'failed'];

type Probe = Parameters<Health['check']>[1];

interface RegisteredProbe {
  readonly probe: Probe;
  readonly timeoutMs: number;
  /** The call that is under way, maybe since an earlier report. */
  call: Promise<HealthCheckResult> | undefined;
}

/** What the lifecycle says about the service; `paused` counts as up, and as not ready. */
export interface LifecycleHealth {
  /** True between the end of the start and the beginning of the stop. */
  readonly up: boolean;
  readonly paused: boolean;
  /** The state, for people. */
  readonly state: string;
}

export interface HealthOptions {
  readonly lifecycle: () => LifecycleHealth;
  /** Takes the secrets out of the details, which may be messages of errors. @default leaves all as it is */
  readonly mask?: (text: string) => string;
}

/**
 * Named checks, set by hand or probed for each report.
 *
 * INVARIANTS: a report always comes, within the longest probe's time-out; a probe never runs twice at once, so that one
 * that hangs does not pile up.
 */
export function createHealth(options: HealthOptions): Health {
  const fixed = new Map<string, HealthCheckResult>();
  const probes = new Map<string, RegisteredProbe>();
  return {
    set(name, state, detail) {
      probes.delete(name);
      fixed.set(name, { state, ...(detail !== undefined && { detail }) });
    },
    check(name, probe, { timeoutMs = 5_000 } = {}) {
      fixed.delete(name);
      probes.set(name, { probe, timeoutMs, call: undefined });
    },
    async report() {
      const probed = await Promise.all(
        [...probes].map(async ([name, registered]) => [name, await run(registered)] as const),
      );
      const checks = [...fixed, ...probed].map(([name, check]) => [name, masked(check, options.mask)]);
      return reportOf(options.lifecycle(), Object.fromEntries(checks) as Record<string, HealthCheckResult>);
    },
  };
}

function masked(check: HealthCheckResult, mask: HealthOptions['mask']): HealthCheckResult {
  return mask && check.detail !== undefined ? { ...check, detail: mask(check.detail) } : check;
}

function reportOf(lifecycle: LifecycleHealth, checks: Record<string, HealthCheckResult>): HealthReport {
  const worst = worstOf(Object.values(checks).map((check) => check.state));
  const ready = lifecycle.up && !lifecycle.paused && worst !== 'failed';
  const state = lifecycle.up ? worst : worstOf([worst, 'degraded']);
  return {
    state,
    ready,
    checks: {
      ...checks,
      lifecycle: { state: lifecycle.up ? 'ok' : 'degraded', detail: lifecycle.state },
    },
  };
}

export function worstOf(states: readonly HealthState[]): HealthState {
  return order[Math.max(0, ...states.map((state) => order.indexOf(state)))] ?? 'failed';
}

async function run(registered: RegisteredProbe): Promise<HealthCheckResult> {
  const { probe, timeoutMs } = registered;
  const abort = new AbortController();
  if (!registered.call) {
    const answer = ask(probe, abort.signal);
    // Most probes look at something they have: no timer for those, a health endpoint is asked often.
    if (!(answer instanceof Promise)) return answer;
    registered.call = answer.finally(() => {
      registered.call = undefined;
    });
  }
  const late = Promise.withResolvers<HealthCheckResult>();
  const timer = setTimeout(() => {
    late.resolve({ state: 'failed', detail: `No answer within ${timeoutMs} ms` });
    abort.abort(new DOMException('The health check took too long', 'TimeoutError'));
  }, timeoutMs);
  const result = await Promise.race([registered.call, late.promise]);
  clearTimeout(timer);
  return result;
}

function ask(probe: Probe, signal: AbortSignal): HealthCheckResult | Promise<HealthCheckResult> {
  try {
    const answer = probe(signal);
    return isThenable(answer) ? Promise.resolve(answer).then(resultOf, failureOf) : resultOf(answer);
  } catch (error) {
    return failureOf(error);
  }
}

const isThenable = (answer: ReturnType<Probe>): answer is Promise<HealthCheckResult | HealthState> =>
  typeof answer === 'object' && 'then' in answer;

const resultOf = (answer: HealthCheckResult | HealthState): HealthCheckResult =>
  typeof answer === 'string' ? { state: answer } : answer;

const failureOf = (error: unknown): HealthCheckResult => ({ state: 'failed', detail: messageOf(error) });
