import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  logDirectoryNote,
  planChanges,
  type Manifest,
  type Plan,
  type ServiceDeclaration,
} from '../../src/index.ts';
import { manifestOf } from '../manifest/reading.ts';
import { manifest, service } from './manifests.ts';

/** As the agent has it: over the wire, and out of its file. */
const overTheWire = (value: Manifest): Manifest => JSON.parse(JSON.stringify(value)) as Manifest;

/** Does what a plan says, with the declarations of `after`, and nothing else. */
function carryOut(
  before: Manifest,
  plan: Plan,
  after: Manifest,
): Map<string, ServiceDeclaration | undefined> {
  const running = new Map<string, ServiceDeclaration | undefined>(
    before.services.map((one) => [one.name, one]),
  );
  for (const { service: name, action } of plan.changes)
    if (action === 'remove') running.delete(name);
    else
      running.set(
        name,
        after.services.find((one) => one.name === name),
      );
  return running;
}

test('there is nothing to do for a manifest that is the same, also over the wire', () => {
  fc.assert(
    fc.property(manifest, (one) => {
      assert.deepEqual(planChanges(one, overTheWire(one)), { changes: [], settings: [] });
    }),
  );
});

test('a plan that is carried out reaches the manifest', () => {
  fc.assert(
    fc.property(manifest, manifest, (before, after) => {
      const plan = planChanges(before, after);
      const reached = carryOut(before, plan, after);
      assert.deepEqual(reached, new Map(after.services.map((one) => [one.name, one])));
      for (const { action, differences } of plan.changes)
        assert.equal(differences.length > 0, action !== 'add' && action !== 'remove');
    }),
  );
});

test('a directory of logs says when it is used', async () => {
  const before = await manifestOf('services: { a: { exec: [x] } }');
  assert.ok(before);
  const after = { ...before, logs: { directory: '/var/logs', totalBytes: 1_000_000 } };
  assert.deepEqual(
    planChanges(before, after).settings?.map(({ path, note }) => [path, note]),
    [
      ['logs.directory', logDirectoryNote],
      ['logs.total', undefined],
    ],
  );
});

test('values of a difference differ', () => {
  fc.assert(
    fc.property(service, service, (a, b) => {
      const wrap = (one: ServiceDeclaration): Manifest => ({
        services: [one],
        alerts: { targets: [], on: [], repeatMs: 1, perMinute: 1 },
        metrics: { listen: undefined },
        logs: { directory: undefined, totalBytes: 1 },
      });
      for (const change of planChanges(wrap(a), wrap(b)).changes)
        for (const { path, before, after } of change.differences) assert.notEqual(before, after, path);
    }),
  );
});

/** The only change between services with these keys. */
async function changeOf(before: string, after: string) {
  const [a, b] = await Promise.all(
    [before, after].map((keys) =>
      manifestOf(`services: { a: { exec: [x], ${keys} }, other: { exec: [y] } }`),
    ),
  );
  assert.ok(a && b);
  const { changes } = planChanges(a, b);
  assert.equal(changes.length, 1, JSON.stringify(changes));
  return changes[0];
}

test('what needs a restart, and what does not', async () => {
  const cases = [
    ['', 'cwd: /', 'restart', 'cwd'],
    ['', 'env: { A: 1 }', 'restart', 'env.A'],
    ['', 'user: nobody', 'restart', 'user'],
    ['', 'runner: native', 'restart', 'runner'],
    ['', 'listen: 8080', 'restart', 'listen'],
    ['', 'limits: { openFiles: 10 }', 'restart', 'limits.openFiles.max'],
    ['', 'limits: { priority: low }', 'restart', 'limits.priority'],
    ['', 'limits: { memory: { soft: 8MB } }', 'update', 'limits.memory.soft'],
    ['', 'limits: { cpu: 50% }', 'update', 'limits.cpu'],
    ['', 'limits: { processes: 5 }', 'update', 'limits.processes'],
    ['', 'health: { tcp: 80 }', 'update', 'health.readiness'],
    ['', 'restart: { stable: 1m }', 'update', 'restart.stable'],
    ['', 'stop: SIGINT', 'update', 'stop.signal'],
    ['', 'reload: SIGHUP', 'update', 'reload'],
    ['', 'logs: { keep: 3 }', 'update', 'logs.keep'],
    ['', 'dependsOn: [other]', 'update', 'dependsOn.other'],
    ['', 'autoStart: false', 'update', 'autoStart'],
    ['', 'instances: 3', 'scale', 'instances'],
    ['', 'instances: 3, logs: { keep: 3 }', 'scale', 'instances'],
    ['', 'instances: 3, cwd: /', 'restart', 'cwd'],
    ['runner: native', 'runner: native, limits: { cpu: 50% }', 'restart', 'limits.cpu'],
    ['runner: native', 'runner: native, logs: { keep: 3 }', 'update', 'logs.keep'],
  ] as const;
  for (const [before, after, action, path] of cases) {
    const change = await changeOf(before, after);
    assert.equal(change?.action, action, after);
    assert.equal(change?.differences[0]?.path, path, after);
  }
});

test('differences are shown as people write them', async () => {
  const change = await changeOf(
    'limits: { memory: 100MB }, health: { tcp: 80, interval: 10s }',
    'limits: { memory: 10MiB }, health: { tcp: 80, interval: 90s, startup: { exec: [a, "b c"], interval: 90s } }',
  );
  assert.deepEqual(change?.differences, [
    {
      path: 'health.startup',
      before: undefined,
      after: '{ exec: [a, "b c"], interval: "1m 30s", timeout: 5s, failures: 30, successes: 1, delay: 0ms }',
    },
    { path: 'health.readiness.interval', before: '10s', after: '1m 30s' },
    { path: 'health.liveness.interval', before: '10s', after: '1m 30s' },
    { path: 'limits.memory.hard', before: '100 MB', after: '10 MiB' },
  ]);
});

test('secrets are not shown', async () => {
  const change = await changeOf(
    'env: { DB_PASSWORD: hunter2, URL: "postgres://me:hunter2@db/x", TOKEN_TTL: 5 }',
    'env: { DB_PASSWORD: hunter3, URL: "postgres://me:hunter3@db/y", TOKEN_TTL: 6, API_KEY: hunter4 }',
  );
  assert.deepEqual(change?.differences, [
    { path: 'env.DB_PASSWORD', before: '***', after: '***' },
    { path: 'env.URL', before: 'postgres://me:***@db/x', after: 'postgres://me:***@db/y' },
    { path: 'env.TOKEN_TTL', before: '5', after: '6' },
    { path: 'env.API_KEY', before: undefined, after: '***' },
  ]);
});
