import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import * as z from 'zod';

import { runChecks } from '../../src/commands/doctor/check.ts';
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
