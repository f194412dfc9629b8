import * as fc from 'fast-check';

import type { Manifest, ProbeRules, ServiceDeclaration } from '../../src/index.ts';

const words = fc.constantFrom('a', 'b', 'with space', '');
const maybe = <Type>(arbitrary: fc.Arbitrary<Type>) => fc.option(arbitrary, { nil: undefined });
const milliseconds = fc.constantFrom(0, 500, 1000, 90_000, 90_500, 3_661_001);
const bytes = fc.constantFrom(1, 1024, 100e6, 120e6, 10 * 1024 ** 2, 123_456_789);
const few = fc.integer({ min: 1, max: 3 });

const probe: fc.Arbitrary<ProbeRules> = fc.record({
  target: fc.oneof(
    fc.record({ type: fc.constant('http' as const), url: fc.constantFrom('http://a/', 'http://b/') }),
    fc.record({ type: fc.constant('tcp' as const), host: fc.constantFrom('::1', '127.0.0.1'), port: few }),
    fc.record({
      type: fc.constant('exec' as const),
      command: fc.array(words, { minLength: 1, maxLength: 2 }),
    }),
    fc.record({ type: fc.constant('heartbeat' as const) }),
    fc.record({ type: fc.constant('loop-delay' as const), maxMs: milliseconds }),
  ),
  intervalMs: milliseconds,
  timeoutMs: milliseconds,
  failures: few,
  successes: few,
  delayMs: milliseconds,
});

const declaration: fc.Arbitrary<Omit<ServiceDeclaration, 'name'>> = fc.record({
  program: fc.oneof(
    fc.record({
      type: fc.constant('exec' as const),
      command: words,
      args: fc.array(words, { maxLength: 2 }),
    }),
    fc.record({
      type: fc.constant('service' as const),
      command: words,
      args: fc.array(words, { maxLength: 2 }),
      source: words,
    }),
  ),
  cwd: words,
  env: fc.dictionary(fc.constantFrom('A', 'B', 'constructor'), words, { maxKeys: 2 }),
  user: maybe(words),
  runner: fc.constantFrom('process', 'native'),
  instances: few,
  listen: fc.array(fc.record({ name: fc.constant('x'), host: fc.constant('::1'), port: few }), {
    maxLength: 1,
  }),
  health: fc.record({ startup: maybe(probe), readiness: maybe(probe), liveness: maybe(probe) }),
  restart: fc.record({
    policy: fc.constantFrom('always', 'never'),
    backoffMinMs: milliseconds,
    backoffMaxMs: milliseconds,
    stableMs: milliseconds,
    crashLoopStarts: few,
    crashLoopWindowMs: milliseconds,
    parkedRetryMs: milliseconds,
    neverOn: fc.array(few, { maxLength: 2 }),
    successOn: fc.array(few, { maxLength: 2 }),
    schedule: maybe(fc.constantFrom('0 4 * * *', '1 4 * * *')),
  }),
  stop: fc.record({
    by: fc.oneof(
      fc.constant({ type: 'ipc' as const }),
      fc.constant({ type: 'window' as const }),
      fc.record({ type: fc.constant('signal' as const), signal: fc.constantFrom('SIGINT', 'SIGTERM') }),
      fc.record({ type: fc.constant('stdin' as const), text: words }),
      fc.record({ type: fc.constant('http' as const), url: fc.constant('http://a/') }),
    ),
    graceMs: milliseconds,
    reloadSignal: maybe(fc.constant('SIGHUP')),
    reloadOrder: maybe(fc.constantFrom('stop-first', 'start-first')),
  }),
  limits: fc.record({
    memorySoftBytes: maybe(bytes),
    memoryHardBytes: maybe(bytes),
    reclaimMs: milliseconds,
    cpuPercent: maybe(few),
    processes: maybe(few),
    openFiles: maybe(few),
    openFilesAlertShare: fc.constantFrom(0.5, 0.9),
    priority: maybe(fc.constantFrom('idle', 'high')),
  }),
  logs: fc.record({
    rotateBytes: bytes,
    rotateAgeMs: maybe(milliseconds),
    keep: few,
    compress: fc.boolean(),
  }),
  dependsOn: fc.array(
    fc.record({ service: fc.constant('other'), condition: fc.constantFrom('started', 'healthy') }),
    { maxLength: 1 },
  ),
  autoStart: fc.boolean(),
});

export const service: fc.Arbitrary<ServiceDeclaration> = declaration.map((rest) => ({ name: 'a', ...rest }));

export const manifest: fc.Arbitrary<Manifest> = fc.record({
  services: fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), declaration)
    .map((byName) => Object.entries(byName).map(([name, rest]) => ({ name, ...rest }))),
  alerts: fc.record({
    targets: fc.array(
      fc.oneof(
        fc.record({
          type: fc.constant('webhook' as const),
          url: fc.constantFrom('https://a/', 'https://b/'),
          headers: fc.constant({}),
        }),
        fc.record({ type: fc.constant('command' as const), command: fc.array(words, { maxLength: 2 }) }),
      ),
      { maxLength: 2 },
    ),
    on: fc.subarray(['state', 'limit'] as const),
    repeatMs: milliseconds,
    perMinute: few,
  }),
  metrics: fc.record({ listen: maybe(fc.record({ host: fc.constant('127.0.0.1'), port: few })) }),
  logs: fc.record({ directory: maybe(words), totalBytes: bytes }),
});
