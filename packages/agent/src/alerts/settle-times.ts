import type { ProbeKind, ServiceDeclaration } from '@mainstay/supervisor';

/** What the alerts go by of a service. */
export type AlertedService = Pick<ServiceDeclaration, 'name' | 'restart' | 'health'>;

/** How long something must have been right without a break until that is said, in ms: one episode, one alert. */
export interface SettleTimes {
  readonly stateMs: number;
  readonly limitMs: number;
  readonly probeMs: Readonly<Record<ProbeKind, number>>;
}

/** Shorter than this, a service that crashes at once would be told as well between two crashes. */
const minStateMs = 10_000;
const limitMs = 60_000;
/** Of a service whose declaration is not known (any more). */
const unknownProbeMs = 30_000;

/** @param service undefined when it is not declared (any more) */
export function settleTimesOf(service: AlertedService | undefined): SettleTimes {
  // The next probe begins after the interval and has its timeout: a failure of it still belongs to the episode.
  const probeMs = (kind: ProbeKind): number => {
    const rules = service?.health[kind];
    return rules ? rules.intervalMs + rules.timeoutMs : unknownProbeMs;
  };
  return {
    stateMs: Math.max(minStateMs, service?.restart.stableMs ?? 0),
    limitMs,
    probeMs: { startup: probeMs('startup'), readiness: probeMs('readiness'), liveness: probeMs('liveness') },
  };
}
