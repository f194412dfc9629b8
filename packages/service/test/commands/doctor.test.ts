import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import * as z from 'zod';

import { runChecks } from '../../src/commands/doctor/check.ts';
import { clockCheck, type Clocks } from '../../src/commands/doctor/clock-check.ts';
import { hostCheck } from '../../src/commands/doctor/machine-checks.ts';
import { bench, capture, definition } from './harness.ts';

interface Found {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly advice?: string;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mainstay-doctor-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function subject(): ReturnType<typeof bench> & { readonly checks: () => Promise<Map<string, Found>> } {
  const made = bench({
    directories: directory,
    context: {
      definition: { ...definition, config: z.object({ port: z.int().default(0) }) },
      launch: { executable: process.execPath, args: [] },
      now: () => Date.now(),
    },
  });
  return {
    ...made,
    async checks() {
      const { value } = await made.json('doctor');
      return new Map((value.checks as Found[]).map((check) => [check.name, check]));
    },
  };
}

test('doctor finds this machine able to run a service', async () => {
  const { checks, run } = subject();
  const found = await checks();
  for (const name of ['runtime', 'ffi', 'clock', 'config', 'port', 'disk', 'service', 'state dir'])
    assert.notEqual(found.get(name)?.state, 'fail', JSON.stringify(found.get(name)));
  assert.match(found.get('ffi')?.detail ?? '', /^koffi \d+\.\d+/);
  assert.match(found.get('runtime')?.detail ?? '', new RegExp(process.versions.node));
  assert.match((await run('doctor')).out, /^ok {4}runtime/m);
});

test("doctor takes a port for the service's own only where it listens", async () => {
  const database = createServer();
  await new Promise<void>((resolve) => database.listen(0, resolve));
  const { port } = database.address() as AddressInfo;
  try {
    const schema = (part: 'database' | 'http') =>
      z.object({ [part]: z.object({ port: z.int().default(port) }).prefault({}) });
    const found = async (part: 'database' | 'http'): Promise<string> => {
      const configured = { ...definition, config: schema(part) };
      const { run } = bench({ directories: directory, context: { definition: configured } });
      return (await run('doctor')).out;
    };
    assert.match(await found('database'), /^ok +port +the configuration names none$/m);
    assert.match(await found('http'), /^fail +port +port \d+ is taken by another program$/m);
  } finally {
    database.close();
  }
});

test('doctor sees a port that another program has', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { run } = subject();
    const result = await run('doctor', '--set', `port=${port}`);
    assert.equal(result.code, 1);
    assert.match(result.out, new RegExp(`^fail  port +port ${port} is taken`, 'm'));
  } finally {
    server.close();
  }
});

test('doctor sees a directory that everyone can write, and a failed service', async () => {
  const { manager, run, checks } = subject();
  const { state } = manager.directoriesFor('orders');
  mkdirSync(state, { recursive: true });
  chmodSync(state, 0o777);
  await run('install');
  manager.crash('orders', 70);
  const found = await checks();
  assert.equal(found.get('state dir')?.state, 'fail');
  assert.match(found.get('state dir')?.advice ?? '', /chmod o-w/);
  assert.equal(found.get('service')?.state, 'fail');
});

test('doctor sees drift and an invalid configuration', async () => {
  const { manager, run, checks } = subject();
  await run('install');
  assert.equal((await checks()).get('service')?.state, 'ok');
  manager.edit('orders', (text) => `${text}\nmore`);
  assert.equal((await checks()).get('service')?.state, 'warn');
  const file = join(directory, 'bad.yaml');
  writeFileSync(file, 'port: many\n');
  const result = await run('doctor', '--config', file);
  assert.equal(result.code, 1);
  assert.match(result.out, /^fail  config .*bad\.yaml:1:7/m);
});

test('a check that throws has failed, and the others go on', async () => {
  const out = capture();
  const code = await runChecks(
    [
      { name: 'broken', run: () => Promise.reject(new Error('Cannot look')) },
      { name: 'fine', run: async () => ({ state: 'ok', detail: 'all is well' }) },
    ],
    { out, err: capture() },
    {},
  );
  assert.equal(code, 1);
  assert.match(out.text, /^fail  broken +Cannot look\n.*\nok {4}fine +all is well\n2 checks, 1 failed/);
});

/** Clocks of which the one of the calendar is moved by so much while it is watched. */
function clocks(start: string, movedMs = 0): Clocks {
  let monotonic = 0;
  let offset = Date.parse(start);
  return {
    now: () => offset + monotonic,
    monotonic: () => monotonic,
    async sleep(milliseconds) {
      monotonic += milliseconds;
      offset += movedMs;
    },
  };
}

test('doctor looks at the clock: never set, stepped, not synchronized', async () => {
  const today = '2026-11-22T10:00:00Z';
  const cases = [
    [clocks('1970-01-01T00:00:10Z'), true, 'fail', /Set the machine's clock/],
    [clocks(today, -3_600_000), true, 'warn', /what sets the clock/],
    [clocks(today), false, 'warn', /set-ntp true/],
    [clocks(today), true, 'ok', /^$/],
    [clocks(today), undefined, 'ok', /^$/],
  ] as const;
  for (const [given, synchronized, state, advice] of cases) {
    const found = await clockCheck(given, async () => synchronized).run();
    assert.equal(found.state, state, found.detail);
    assert.match(found.advice ?? '', advice);
  }
});

test('doctor says which host a service started here would find, and why', async () => {
  const { checks } = subject();
  assert.match((await checks()).get('host')?.detail ?? '', /^(terminal|container|systemd): \S/);
  const found = await hostCheck(() => ({ kind: 'container', reason: 'this process is PID 1' })).run();
  assert.deepEqual(found, { state: 'ok', detail: 'container: this process is PID 1' });
});

test('doctor --name looks at the service of that name', async () => {
  const { run } = subject();
  await run('install', '--name', 'orders-2');
  assert.match((await run('doctor', '--name', 'orders-2')).out, /^ok {4}service +installed as asked/m);
  assert.match((await run('doctor')).out, /^ok {4}service +not installed/m);
});
