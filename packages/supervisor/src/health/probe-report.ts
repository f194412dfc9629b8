import type { SupervisedHealth } from '@mainstay/core';

import type { HealthProbe } from '../runner/types.ts';
import { describeProbeError, noAnswer, type Begin, type Probed } from './probing.ts';

interface Judgement {
  readonly ok: boolean;
  readonly detail: string;
}

/** What the SDK says: failed when one of its checks has, or when it does not say anything because its loop is blocked. */
export function probeHeartbeat(of: Probed, timeoutMs: number): Begin {
  return ask(of, timeoutMs, ({ report }) => {
    const ok = report.state !== 'failed' && (of.kind !== 'readiness' || report.ready);
    return { ok, detail: describeReport(report) };
  });
}

/** The p99 since the last time somebody asked; of several processes the worst. */
export function probeLoopDelay(maxMs: number, of: Probed, timeoutMs: number): Begin {
  return ask(of, timeoutMs, ({ metrics }) => {
    const p99 = loopDelayOf(metrics);
    if (p99 === undefined) return { ok: false, detail: 'it does not report the delay of its event loop' };
    const detail = `event-loop delay p99 ${Math.round(p99 * 10) / 10} ms`;
    return p99 <= maxMs ? { ok: true, detail } : { ok: false, detail: `${detail}, more than ${maxMs} ms` };
  });
}

/** The question has no connection of its own, so there is nothing to release: the run drops an answer that is late. */
function ask({ run }: Probed, timeoutMs: number, judge: (answer: HealthProbe) => Judgement): Begin {
  const asked = async (): Promise<Judgement> => {
    try {
      const answer = await run.probe(timeoutMs);
      return answer ? judge(answer) : { ok: false, detail: noAnswer(timeoutMs) };
    } catch (error) {
      return { ok: false, detail: describeProbeError(error) };
    }
  };
  return (done) => {
    void (async () => {
      const { ok, detail } = await asked();
      done(ok, detail);
    })();
    return () => {};
  };
}

function describeReport(report: SupervisedHealth): string {
  const troubles = Object.entries(report.checks)
    .filter(([, { state }]) => state !== 'ok')
    .map(([name, { state, detail }]) => `${name} ${state}${detail === undefined ? '' : ` (${detail})`}`);
  if (troubles.length > 0) return troubles.join(', ');
  return report.ready || report.state !== 'ok' ? report.state : 'not ready';
}

/** From a snapshot of the SDK's runtime metrics; a primary has those of its instances besides its own. */
export function loopDelayOf(metrics: unknown): number | undefined {
  if (!isRecord(metrics)) return undefined;
  const own = isRecord(metrics['eventLoopDelayMs']) ? metrics['eventLoopDelayMs']['p99'] : undefined;
  const { instances } = metrics;
  const theirs = Array.isArray(instances)
    ? instances.map((one: unknown) => (isRecord(one) ? loopDelayOf(one['metrics']) : undefined))
    : [];
  const all = [own, ...theirs].filter((value): value is number => typeof value === 'number');
  return all.length === 0 ? undefined : Math.max(...all);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
