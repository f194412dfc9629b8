import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { InstanceView, LogStatistics, ServiceView, SupervisorEvent } from '@mainstay/supervisor';

import { MetricsPage } from '../../src/metrics/metrics-page.ts';
import { parseExposition, type ParsedFamily } from './exposition.ts';

const limits = {
  memorySoftBytes: 100,
  memoryHardBytes: 200,
  reclaimMs: 60_000,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: 1024,
  openFilesAlertShare: 0.9,
  priority: undefined,
};

function instanceView(change: Partial<InstanceView> = {}): InstanceView {
  return {
    instance: 0,
    phase: 'running',
    run: 3,
    pid: 4711,
    startedAt: 1_700_000_000_500,
    uptimeMs: 1000,
    restarts: 2,
    restartsByCause: { crash: 2 },
    reason: undefined,
    nextStartAt: undefined,
    text: '',
    state: undefined,
    health: 'ok',
    probes: {},
    cpuPercent: 50,
    cpuMs: 1500,
    memoryBytes: 1024,
    processes: 2,
    openFiles: 17,
    runtime: {
      eventLoopDelayMs: { count: 9, p50: 1, p99: 20, max: 50 },
      gcPauseMs: { minor: { count: 1, p50: 2, p99: 3, max: 4 } },
    },
    lastEnd: undefined,
    ...change,
  };
}

function serviceView(name: string, ...instances: InstanceView[]): ServiceView {
  return { name, runner: 'process', state: 'running', instances, wanted: instances.length, waitsFor: [] };
}

const statistics: LogStatistics = {
  services: { orders: { bytes: 500, lines: 5, rotations: 1 } },
  bytesOnDisk: 700,
  filesDropped: 3,
  bytesPending: 0,
  failing: undefined,
};

function probe(service: string, tookMs: number, ok: boolean): SupervisorEvent {
  const id = { service, instance: 0, run: 1 };
  return { at: 0, type: 'probe', id, kind: 'liveness', result: { ok, detail: '', tookMs }, failuresInRow: 0 };
}

const hook = { target: 'webhook https://hooks.example.com', sent: 4, failed: 1, dropped: 0, waiting: 2 };
const deliveries = [hook, { ...hook, sent: 3 }, { ...hook, target: 'smtp mail.example.com' }];

const quantiles = { p50: 1, p99: 20, max: 50 };
const runtime = { eventLoopDelayMs: quantiles, gcPauseMs: { minor: quantiles } };

const render = async (page: MetricsPage, views: readonly ServiceView[]) =>
  parseExposition(await page.render({ views, statistics, deliveries, runtime, limitsOf: () => limits }));

function valueOf(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Record<string, string>,
): number {
  const family = families.get(name.replace(/_(?:bucket|sum|count)$/, '')) ?? families.get(name);
  const found = family?.samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  assert.equal(found?.length, 1, `${name} ${JSON.stringify(labels)} is there once`);
  return found[0]?.value as number;
}

describe('the metrics page', () => {
  it('tells states, restarts, usage and limits', async () => {
    const families = await render(new MetricsPage({ version: '1.2.3' }), [
      serviceView('orders', instanceView()),
    ]);
    const of = { service: 'orders', instance: '0' };
    assert.equal(valueOf(families, 'mainstay_service_up', of), 1);
    assert.equal(valueOf(families, 'mainstay_service_phase', { ...of, phase: 'running' }), 1);
    assert.equal(valueOf(families, 'mainstay_service_phase', { ...of, phase: 'parked' }), 0);
    assert.equal(valueOf(families, 'mainstay_service_restarts_total', { ...of, cause: 'crash' }), 2);
    assert.equal(valueOf(families, 'mainstay_service_restarts_total', { ...of, cause: 'probe' }), 0);
    assert.equal(valueOf(families, 'mainstay_service_start_time_seconds', of), 1_700_000_000.5);
    assert.equal(valueOf(families, 'mainstay_service_cpu_ratio', of), 0.5);
    assert.equal(valueOf(families, 'mainstay_service_cpu_seconds_total', of), 1.5);
    assert.equal(valueOf(families, 'mainstay_service_memory_bytes', of), 1024);
    assert.equal(valueOf(families, 'mainstay_service_memory_limit_bytes', { service: 'orders' }), 200);
    assert.equal(valueOf(families, 'mainstay_service_open_files_limit', { service: 'orders' }), 1024);
    assert.equal(valueOf(families, 'mainstay_service_log_lines_total', { service: 'orders' }), 5);
    assert.equal(valueOf(families, 'mainstay_agent_info', { version: '1.2.3' }), 1);
    assert.ok(valueOf(families, 'process_resident_memory_bytes', {}) > 1e6);
  });

  it('tells what a Mainstay service has measured, in seconds', async () => {
    const families = await render(new MetricsPage({ version: '1' }), [serviceView('orders', instanceView())]);
    const name = 'mainstay_service_event_loop_delay_seconds';
    assert.equal(valueOf(families, name, { quantile: '0.99' }), 0.02);
    assert.equal(
      valueOf(families, 'mainstay_service_gc_pause_seconds', { kind: 'minor', quantile: '1' }),
      0.004,
    );
  });

  it('tells how alerts fare, and how the agent itself does', async () => {
    const families = await render(new MetricsPage({ version: '1' }), []);
    assert.equal(valueOf(families, 'mainstay_alerts_sent_total', { target: hook.target }), 7);
    assert.equal(valueOf(families, 'mainstay_alerts_waiting', { target: 'smtp mail.example.com' }), 2);
    assert.equal(valueOf(families, 'mainstay_log_files_dropped_total', {}), 3);
    assert.equal(valueOf(families, 'mainstay_agent_event_loop_delay_seconds', { quantile: '1' }), 0.05);
    const pause = { kind: 'minor', quantile: '0.99' };
    assert.equal(valueOf(families, 'mainstay_agent_gc_pause_seconds', pause), 0.02);
  });

  it('counts probes into a histogram', async () => {
    const page = new MetricsPage({ version: '1' });
    for (const [ms, ok] of [
      [3, true],
      [5, true],
      [70, false],
      [9000, false],
    ] as const)
      page.take(probe('orders', ms, ok));
    const families = await render(page, [serviceView('orders', instanceView())]);
    const name = 'mainstay_service_probe_duration_seconds';
    const of = { service: 'orders', kind: 'liveness' };
    assert.equal(valueOf(families, `${name}_bucket`, { ...of, le: '0.005' }), 2);
    assert.equal(valueOf(families, `${name}_bucket`, { ...of, le: '5' }), 3);
    assert.equal(valueOf(families, `${name}_bucket`, { ...of, le: '+Inf' }), 4);
    assert.equal(valueOf(families, `${name}_count`, of), 4);
    assert.equal(valueOf(families, `${name}_sum`, of), 9.078);
    assert.equal(valueOf(families, 'mainstay_service_probe_failures_total', of), 2);
  });

  it('leaves out what is not known, and services that are gone', async () => {
    const page = new MetricsPage({ version: '1' });
    page.take(probe('gone', 1, false));
    const unknown = instanceView({
      memoryBytes: undefined,
      runtime: { eventLoopDelayMs: 'x' },
      startedAt: undefined,
    });
    const families = await render(page, [serviceView('orders', unknown)]);
    assert.ok(!families.has('mainstay_service_memory_bytes'));
    assert.ok(!families.has('mainstay_service_event_loop_delay_seconds'));
    const services = [...families.values()].flatMap(({ samples }) =>
      samples.map(({ labels }) => labels.service),
    );
    assert.deepEqual([...new Set(services.filter(Boolean))], ['orders']);
    const again = await render(page, [serviceView('gone', instanceView())]);
    assert.ok(!again.has('mainstay_service_probe_failures_total'), 'its counts went with it');
  });

  it('escapes labels', async () => {
    const name = 'a"b\\c\nd';
    const families = await render(new MetricsPage({ version: '1' }), [serviceView(name, instanceView())]);
    assert.equal(valueOf(families, 'mainstay_service_up', { service: name }), 1);
  });

  it('keeps the conventions for names, and one set of labels per name', async () => {
    const page = new MetricsPage({ version: '1' });
    page.take(probe('orders', 1, true));
    const families = await render(page, [
      serviceView('orders', instanceView(), instanceView({ instance: 1 })),
    ]);
    for (const [name, { type, help, samples }] of [...families].filter(([each]) =>
      each.startsWith('mainstay_'),
    )) {
      assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
      assert.doesNotMatch(name, /_(?:ms|milliseconds|kb|percent)\b/);
      assert.match(help, /\.$/);
      const sets = new Set(
        samples.map((each) => `${each.name} ${Object.keys(each.labels).toSorted().join()}`),
      );
      assert.equal(sets.size, type === 'histogram' ? 3 : 1, `${name} has one set of labels`);
    }
  });

  it('is documented, name by name', async () => {
    const page = new MetricsPage({ version: '1' });
    page.take(probe('orders', 1, true));
    const families = await render(page, [serviceView('orders', instanceView())]);
    const reference = join(import.meta.dirname, '../../../../docs/reference/metrics.md');
    const documented = [
      ...(await readFile(reference, 'utf8')).matchAll(/^\| `(mainstay_\w+)` \| (\w+) \|/gm),
    ];
    assert.deepEqual(
      documented.map(([, name, type]) => `${name} ${type}`).toSorted(),
      [...families]
        .filter(([name]) => name.startsWith('mainstay_'))
        .map(([name, { type }]) => `${name} ${type}`)
        .toSorted(),
    );
  });
});
