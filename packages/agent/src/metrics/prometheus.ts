// Imports prom-client, which is for the first scrape only: this file is imported by `metrics-page.ts` when it is used.
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

import type { MetricFamily } from './families.ts';

/** The agent's own process, under the names that every Node dashboard knows; measured from the first scrape on. */
let ownProcess: Registry | undefined;

function processRegistry(): Registry {
  if (ownProcess) return ownProcess;
  ownProcess = new Registry();
  // A tenth of a second in place of 10 ms: an idle agent should sleep.
  collectDefaultMetrics({ register: ownProcess, eventLoopMonitoringPrecision: 100 });
  return ownProcess;
}

export async function renderPage(families: readonly MetricFamily[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) if (family.samples.length > 0) registry.registerMetric(metricOf(family));
  return (await registry.metrics()) + (await processRegistry().metrics());
}

/** What a registry asks of a metric; the values are ours, because they have been counted elsewhere. */
function metricOf({ name, help, type, samples }: MetricFamily): Metric {
  const values = samples.map(({ suffix = '', labels, value }) => ({
    metricName: name + suffix,
    labels,
    value,
  }));
  return {
    name,
    get: () => Promise.resolve({ name, help, type, values, aggregator: 'sum' }),
  } as unknown as Metric;
}
