import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { manifestOf, parse, problemsOf } from './reading.ts';

const example = `
services:
  orders:
    service: examples/orders-api            # a Mainstay service: source in development, executable in production
    instances: 2
    env: { PORT: "\${PORT:8080}" }
    health: { http: "http://127.0.0.1:\${PORT:8080}/healthz", interval: 30s, failures: 3 }
    restart: { policy: always, backoff: 1s..60s }
    limits: { memory: { soft: 100MB, hard: 120MB }, openFiles: 1024, cpu: 50% }
    logs: { rotate: 10MiB, keep: 8 }
  anything:
    exec: ["python3", "worker.py"]
    dependsOn: { orders: healthy }
`;

test('the example of the format, with everything that it leaves out', async () => {
  const manifest = await manifestOf(example);
  const probe = {
    target: { type: 'http', url: 'http://127.0.0.1:8080/healthz' },
    intervalMs: 30_000,
    timeoutMs: 5000,
    failures: 3,
    successes: 1,
    delayMs: 0,
  };
  const restart = {
    policy: 'always',
    backoffMinMs: 1000,
    backoffMaxMs: 60_000,
    stableMs: 10_000,
    crashLoopStarts: 5,
    crashLoopWindowMs: 60_000,
    parkedRetryMs: 300_000,
    successOn: [],
    schedule: undefined,
  };
  const logs = { rotateBytes: 10 * 1024 ** 2, rotateAgeMs: undefined, keep: 8, compress: true };
  const limits = { reclaimMs: 60_000, openFilesAlertShare: 0.9, processes: undefined, priority: undefined };
  assert.deepEqual(manifest, {
    services: [
      {
        name: 'orders',
        program: {
          type: 'service',
          command: '/node',
          args: ['entry.ts', 'run'],
          source: '/app/examples/orders-api',
        },
        cwd: '/app/examples/orders-api',
        env: { PORT: '8080' },
        user: undefined,
        runner: 'process',
        instances: 2,
        listen: [],
        health: { startup: undefined, readiness: probe, liveness: probe },
        restart: { ...restart, neverOn: [2, 6] },
        stop: { by: { type: 'ipc' }, graceMs: 15_000, reloadSignal: undefined },
        limits: {
          ...limits,
          memorySoftBytes: 100e6,
          memoryHardBytes: 120e6,
          cpuPercent: 50,
          openFiles: 1024,
        },
        logs,
        dependsOn: [],
        autoStart: true,
      },
      {
        name: 'anything',
        program: { type: 'exec', command: 'python3', args: ['worker.py'] },
        cwd: '/app',
        env: {},
        user: undefined,
        runner: 'process',
        instances: 1,
        listen: [],
        health: { startup: undefined, readiness: undefined, liveness: undefined },
        restart: { ...restart, neverOn: [] },
        stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 15_000, reloadSignal: undefined },
        limits: {
          ...limits,
          memorySoftBytes: undefined,
          memoryHardBytes: undefined,
          cpuPercent: undefined,
          openFiles: undefined,
        },
        logs,
        dependsOn: [{ service: 'orders', condition: 'healthy' }],
        autoStart: true,
      },
    ],
    alerts: {
      targets: [],
      on: ['state', 'crash-loop', 'limit', 'probe', 'agent'],
      repeatMs: 3_600_000,
      perMinute: 10,
    },
    metrics: { listen: undefined },
    logs: { directory: undefined, totalBytes: 1024 ** 3 },
  });
});

test('every key that was read has its place', async () => {
  const result = await parse(example);
  assert.ok(result.ok);
  const { positions } = result;
  assert.deepEqual(positions.get('services.orders'), { line: 3, column: 3 });
  assert.deepEqual(positions.get('services.orders.limits.memory.hard'), { line: 9, column: 38 });
  assert.deepEqual(positions.get('services.anything.exec'), { line: 12, column: 5 });
});

test('all problems at once, each with line and column', async () => {
  assert.deepEqual(
    await problemsOf(`services:
  Orders!:
    service: [a]
  b:
    servicee: x
    env: { 1X: 2, Y: "\${MISSING}" }
    restart: { policy: sometimes, backoff: 60s..1s }
    instances: 2.5
version: 3
`),
    [
      '2:3 "Orders!" cannot be the name of a service: use lower-case letters, digits, dots, dashes and underscores, such as "orders-api"',
      '3:14 services.Orders!.service must be text',
      '4:3 services.b needs "service", the folder, entry file or executable of a Mainstay service, or "exec", any other program as a list',
      '5:5 Unknown key "servicee" in services.b; did you mean service?',
      '6:12 "1X" cannot be the name of an environment variable',
      '6:22 services.b.env.Y: MISSING is not set',
      '7:24 services.b.restart.policy is "sometimes"; use always, on-failure, never',
      '7:44 services.b.restart.backoff is "60s..1s"; write the shortest and the longest wait, such as 1s..60s',
      '8:16 services.b.instances is "2.5"; write a whole number from 0 to 1000',
      '9:1 Unknown key "version" in mainstay.yaml; known are services, alerts, metrics, logs',
    ],
  );
});

test('an unknown key is seen on every level', async () => {
  const problems = await problemsOf(`
services:
  a:
    exec: [x]
    health: { readiness: { httpp: x } }
    restart: { crashLoop: { startss: 3 } }
    stop: { gracee: 1s }
    limits: { memory: { softt: 1 }, openFiles: { maxx: 1 } }
    logs: { rotate: { sizee: 1 } }
alerts: { to: [{ webhookk: x }] }
metrics: { listenn: 1 }
logs: { totall: 1 }
`);
  const suggested = problems.flatMap((problem) => /did you mean (\w+)\?/.exec(problem)?.[1] ?? []);
  assert.deepEqual(suggested, [
    'http',
    'starts',
    'grace',
    'soft',
    'max',
    'size',
    'webhook',
    'listen',
    'total',
  ]);
});

test('a key that is given twice is one problem of several', async () => {
  const problems = await problemsOf(
    'services:\n  a: { exec: [x], exec: [y] }\n  b: { execc: x }\n  a: { exec: [z] }\n',
  );
  assert.deepEqual(
    problems.filter((problem) => problem.includes('twice')),
    [
      '2:19 The key "exec" is given twice in services.a; the first is in line 2',
      '4:3 The key "a" is given twice in services; the first is in line 2',
    ],
  );
  assert.ok(problems.some((problem) => problem.startsWith('3:8 Unknown key "execc"')));
});

test('files that are no manifest', async () => {
  assert.match((await problemsOf('')).join(), /must be a map/);
  assert.match((await problemsOf('[1]')).join(), /1:1 mainstay.yaml must be a map/);
  assert.match((await problemsOf('services:\n')).join(), /1:1 services must be a map/);
  assert.match((await problemsOf('services: {}\n')).join(), /services has no service in it/);
  assert.match((await problemsOf('{}\n')).join(), /has no "services" key/);
  assert.match((await problemsOf('a: [\n')).join(), /Not valid YAML/);
  assert.deepEqual(await problemsOf('services: { a: { exec: [sh, "x'), [
    '1:31 Not valid YAML: Missing closing "quote',
  ]);
});

test('anchors, aliases and merge keys', async () => {
  const { services } = await manifestOf(`
services:
  a: &base { exec: [x], instances: 3, env: &env { A: 1 } }
  b: { <<: *base, instances: 2, env: { <<: *env, B: 2 } }
`);
  assert.deepEqual(
    services.map(({ instances, env }) => [instances, env]),
    [
      [3, { A: '1' }],
      [2, { A: '1', B: '2' }],
    ],
  );
  assert.match((await problemsOf('services: { a: { <<: 3, exec: [x] } }')).join(), /merge key/i);
});

test('variables of files lie below those of the manifest', async () => {
  const { services } = await manifestOf(
    'services: { a: { exec: [x], envFile: [a.env, b.env], env: { OWN: mine } } }',
  );
  assert.deepEqual(services[0]?.env, { FROM_A: '1', BOTH: 'of b', OWN: 'mine' });
  assert.deepEqual(await problemsOf('services: { a: { exec: [x], envFile: none.env } }'), [
    '1:38 services.a.envFile cannot be read: ENOENT: /app/none.env',
  ]);
});

test('a service that is not there', async () => {
  assert.deepEqual(await problemsOf('services: { a: { service: nowhere } }'), [
    '1:27 services.a.service: There is nothing at /app/nowhere',
  ]);
});

test('any text is a manifest or a list of problems that lie in it', async () => {
  const marks = [
    'services',
    ':',
    ' ',
    '\n',
    '  a',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    '-',
    '&a',
    '*a',
    '<<: *a',
    '${',
  ];
  const keys = `exec: [x]|service: x|env: {A: 1}|health: {http: "http://h/"}|restart: never|stop: SIGINT|!!js
    |limits: {memory: 1MB}|dependsOn: [a]|listen: 80|logs: {keep: 1}|alerts: {to: []}|__proto__: 1|a: *a`.split(
    '|',
  );
  const words = [...marks, ...keys];
  const pieces = fc.array(fc.constantFrom(...words)).map((parts) => parts.join(''));
  const lines = fc
    .array(fc.tuple(fc.constantFrom('', '  ', '    '), fc.constantFrom(...words)))
    .map((all) => `services:\n${all.map((line) => line.join('')).join('\n')}`);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'grapheme' }), pieces, lines), async (text) => {
      const result = await parse(text);
      const heights = text.split('\n');
      if (result.ok) assert.ok(result.manifest.services.length > 0);
      else assert.ok(result.problems.length > 0);
      for (const { line, column } of result.ok ? result.warnings : result.problems) {
        assert.ok(line >= 1 && line <= heights.length, `line ${line} of ${heights.length}`);
        assert.ok(column >= 1 && column <= (heights[line - 1]?.length ?? 0) + 1, `column ${column}`);
      }
    }),
    { numRuns: 500 },
  );
});
