import type {
  InstancePhase,
  InstanceView,
  LogStatistics,
  ResourceLimits,
  ServiceView,
  StartCause,
} from '@mainstay/supervisor';

import { type EventCounts, type ProbeCounts, probeBuckets } from './event-counts.ts';
import { type MetricFamily, type Sample, samplesOf } from './families.ts';
import { runtimeFamilies } from './runtime-families.ts';

export interface ServiceFacts {
  readonly views: readonly ServiceView[];
  readonly statistics: LogStatistics;
  readonly counts: EventCounts;
  readonly limitsOf: (service: string) => ResourceLimits | undefined;
}

/** Every phase is a sample of 0 or 1, so that a series does not end when the phase changes. */
const phases: Readonly<Record<InstancePhase, true>> = {
  blocked: true,
  starting: true,
  running: true,
  unready: true,
  stopping: true,
  waiting: true,
  stopped: true,
  completed: true,
  failed: true,
  parked: true,
};

/** Every cause is a sample from the start: a counter that appears with 1 has no rate. */
const restartCauses: Readonly<Record<Exclude<StartCause, 'start' | 'scale'>, true>> = {
  crash: true,
  exit: true,
  probe: true,
  'out-of-memory': true,
  'memory-limit': true,
  schedule: true,
  manual: true,
  reload: true,
  config: true,
  'parked-retry': true,
  dependency: true,
};

export interface Row {
  readonly view: ServiceView;
  readonly instance: InstanceView;
}

export const rowLabels = ({ view, instance }: Row) => ({
  service: view.name,
  instance: String(instance.instance),
});

/** What is known of the services, by service and instance. */
export function serviceFamilies(facts: ServiceFacts): MetricFamily[] {
  const rows = facts.views.flatMap((view) => view.instances.map((instance) => ({ view, instance })));
  return [
    ...stateFamilies(facts, rows),
    ...usageFamilies(facts, rows),
    ...probeFamilies(facts),
    ...runtimeFamilies(rows),
    ...logFamilies(facts),
  ];
}

function stateFamilies({ views, counts }: ServiceFacts, rows: readonly Row[]): MetricFamily[] {
  const byService = (view: ServiceView) => ({ service: view.name });
  return [
    gauge('mainstay_service_up', 'Whether the instance has a process and is ready.', rows, ({ instance }) =>
      Number(instance.phase === 'running'),
    ),
    {
      name: 'mainstay_service_phase',
      type: 'gauge',
      help: 'The phase that the instance is in: 1 for that, 0 for the others.',
      samples: rows.flatMap((row) =>
        Object.keys(phases).map((phase) => ({
          labels: { ...rowLabels(row), phase },
          value: Number(row.instance.phase === phase),
        })),
      ),
    },
    {
      name: 'mainstay_service_instances_wanted',
      type: 'gauge',
      help: 'How many instances there should be.',
      samples: samplesOf(views, byService, ({ wanted }) => wanted),
    },
    {
      name: 'mainstay_service_restarts_total',
      type: 'counter',
      help: 'Starts after the first, by what caused them.',
      samples: rows.flatMap((row) =>
        Object.keys(restartCauses).map((cause) => ({
          labels: { ...rowLabels(row), cause },
          value: row.instance.restartsByCause[cause as StartCause] ?? 0,
        })),
      ),
    },
    {
      name: 'mainstay_service_out_of_memory_total',
      type: 'counter',
      help: 'Runs that the kernel ended for their memory.',
      samples: samplesOf(views, byService, ({ name }) => counts.outOfMemoryOf(name)),
    },
    {
      name: 'mainstay_service_crash_loops_total',
      type: 'counter',
      help: 'How often an instance was parked for a crash loop.',
      samples: samplesOf(views, byService, ({ name }) => counts.crashLoopsOf(name)),
    },
    gauge(
      'mainstay_service_start_time_seconds',
      'Start of the running process, in seconds since the epoch.',
      rows,
      ({ instance }) => (instance.startedAt === undefined ? undefined : instance.startedAt / 1000),
    ),
  ];
}

function usageFamilies({ views, limitsOf }: ServiceFacts, rows: readonly Row[]): MetricFamily[] {
  const limit = (
    name: string,
    help: string,
    of: (limits: ResourceLimits) => number | undefined,
  ): MetricFamily => ({
    name,
    type: 'gauge',
    help,
    samples: samplesOf(
      views,
      (view) => ({ service: view.name }),
      (view) => {
        const limits = limitsOf(view.name);
        return limits && of(limits);
      },
    ),
  });
  return [
    gauge(
      'mainstay_service_cpu_ratio',
      'Processor time of the process tree in the last sample, in cores.',
      rows,
      ({ instance }) => (instance.cpuPercent === undefined ? undefined : instance.cpuPercent / 100),
    ),
    {
      name: 'mainstay_service_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time of the process tree since the run began.',
      samples: samplesOf(rows, rowLabels, ({ instance }) =>
        instance.cpuMs === undefined ? undefined : instance.cpuMs / 1000,
      ),
    },
    gauge(
      'mainstay_service_memory_bytes',
      'Memory of the process tree, as it counts against the limit.',
      rows,
      ({ instance }) => instance.memoryBytes,
    ),
    limit(
      'mainstay_service_memory_soft_limit_bytes',
      'Memory above which the agent acts.',
      (of) => of.memorySoftBytes,
    ),
    limit(
      'mainstay_service_memory_limit_bytes',
      'Memory that the kernel allows.',
      (of) => of.memoryHardBytes,
    ),
    gauge('mainstay_service_processes', 'Processes of the tree.', rows, ({ instance }) => instance.processes),
    gauge(
      'mainstay_service_open_files',
      'Open file descriptors, on Windows handles, of the main process.',
      rows,
      ({ instance }) => instance.openFiles,
    ),
    limit(
      'mainstay_service_open_files_limit',
      'File descriptors that the kernel allows.',
      (of) => of.openFiles,
    ),
  ];
}

function probeFamilies({ views, counts }: ServiceFacts): MetricFamily[] {
  const probes = views.flatMap(({ name }) =>
    [...counts.probesOf(name)].map(([kind, of]) => ({ labels: { service: name, kind }, of })),
  );
  return [
    {
      name: 'mainstay_service_probe_duration_seconds',
      type: 'histogram',
      help: 'How long probes took, those that failed too.',
      samples: probes.flatMap(({ labels, of }) => histogramOf(labels, of)),
    },
    {
      name: 'mainstay_service_probe_failures_total',
      type: 'counter',
      help: 'Probes that failed.',
      samples: probes.map(({ labels, of }) => ({ labels, value: of.failures })),
    },
  ];
}

function histogramOf(labels: Readonly<Record<string, string>>, { buckets, seconds }: ProbeCounts): Sample[] {
  let count = 0;
  const samples: Sample[] = buckets.map((inBucket, index) => {
    count += inBucket;
    const le = index < probeBuckets.length ? String(probeBuckets[index]) : '+Inf';
    return { suffix: '_bucket', labels: { ...labels, le }, value: count };
  });
  return [...samples, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: count }];
}

function logFamilies({ views, statistics }: ServiceFacts): MetricFamily[] {
  const counter = (name: string, help: string, key: 'bytes' | 'lines' | 'rotations'): MetricFamily => ({
    name,
    type: 'counter',
    help,
    samples: samplesOf(
      views,
      (view) => ({ service: view.name }),
      (view) => statistics.services[view.name]?.[key] ?? 0,
    ),
  });
  const total = (name: string, type: 'counter' | 'gauge', help: string, value: number): MetricFamily => ({
    name,
    type,
    help,
    samples: [{ labels: {}, value }],
  });
  return [
    counter(
      'mainstay_service_log_bytes_total',
      'Bytes written to the log, with what stands before each line.',
      'bytes',
    ),
    counter('mainstay_service_log_lines_total', 'Lines that were taken from the service.', 'lines'),
    counter('mainstay_service_log_rotations_total', 'Log files that were rotated.', 'rotations'),
    total('mainstay_log_disk_bytes', 'gauge', 'Size of all log files.', statistics.bytesOnDisk),
    total(
      'mainstay_log_pending_bytes',
      'gauge',
      'Output that waits in memory for the disk.',
      statistics.bytesPending,
    ),
    total(
      'mainstay_log_files_dropped_total',
      'counter',
      'Log files that were removed for the bound on the total or for a full disk.',
      statistics.filesDropped,
    ),
    total(
      'mainstay_log_failing',
      'gauge',
      'Whether a log cannot be written at the moment.',
      Number(statistics.failing !== undefined),
    ),
  ];
}

function gauge(
  name: string,
  help: string,
  rows: readonly Row[],
  value: (row: Row) => number | undefined,
): MetricFamily {
  return { name, type: 'gauge', help, samples: samplesOf(rows, rowLabels, value) };
}
