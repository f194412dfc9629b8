import type { InstanceView, ServiceView } from '@mainstay/supervisor';

import type { MetricFamily, Sample } from './families.ts';

const quantiles = { p50: '0.5', p99: '0.99', max: '1' } as const;

/** As an SDK's RuntimeSnapshot has them, in ms. */
export interface RuntimeMeasurements {
  readonly eventLoopDelayMs: Quantiles;
  readonly gcPauseMs: Readonly<Record<string, Quantiles>>;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What the agent has measured of itself since the last scrape. */
export function ownRuntimeFamilies(runtime: RuntimeMeasurements | undefined): MetricFamily[] {
  return [
    {
      name: 'mainstay_agent_event_loop_delay_seconds',
      type: 'gauge',
      help: 'By how much timers of the agent came late since the last scrape; quantile 1 is the longest.',
      samples: runtime ? samplesOfQuantiles(runtime.eventLoopDelayMs, {}) : [],
    },
    {
      name: 'mainstay_agent_gc_pause_seconds',
      type: 'gauge',
      help: 'Pauses of the garbage collector of the agent since the last scrape; quantile 1 is the longest.',
      samples: Object.entries(runtime?.gcPauseMs ?? {}).flatMap(([kind, of]) =>
        samplesOfQuantiles(of, { kind }),
      ),
    },
  ];
}

/** What a service that uses the SDK has measured of itself, between its last two reports. */
export function runtimeFamilies(
  rows: readonly { readonly view: ServiceView; readonly instance: InstanceView }[],
): MetricFamily[] {
  const delays: Sample[] = [];
  const pauses: Sample[] = [];
  for (const { view, instance } of rows) {
    const labels = { service: view.name, instance: String(instance.instance) };
    if (!isRecord(instance.runtime)) continue;
    const { eventLoopDelayMs, gcPauseMs } = instance.runtime;
    delays.push(...samplesOfQuantiles(eventLoopDelayMs, labels));
    if (!isRecord(gcPauseMs)) continue;
    for (const [kind, of] of Object.entries(gcPauseMs))
      pauses.push(...samplesOfQuantiles(of, { ...labels, kind }));
  }
  return [
    {
      name: 'mainstay_service_event_loop_delay_seconds',
      type: 'gauge',
      help: 'By how much timers came late between the last two reports of a Mainstay service; quantile 1 is the longest.',
      samples: delays,
    },
    {
      name: 'mainstay_service_gc_pause_seconds',
      type: 'gauge',
      help: 'Pauses of the garbage collector between the last two reports of a Mainstay service; quantile 1 is the longest.',
      samples: pauses,
    },
  ];
}

/** It comes from another process: what is not a number is left out. */
function samplesOfQuantiles(value: unknown, labels: Readonly<Record<string, string>>): Sample[] {
  if (!isRecord(value)) return [];
  return Object.entries(quantiles).flatMap(([key, quantile]) => {
    const ms = value[key];
    return typeof ms === 'number' ? [{ labels: { ...labels, quantile }, value: ms / 1000 }] : [];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
