import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import * as z from 'zod';

import { bench, definition } from './harness.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'mainstay-config-command-'));
});
after(() => rmSync(directory, { recursive: true }));

const configured = {
  ...definition,
  config: z.object({
    port: z.int().default(8080),
    region: z.string().default('eu'),
    password: z.string().default('nothing'),
  }),
};

test('config shows what the defaults of the definition bring', async () => {
  const withDefaults = { ...configured, defaults: { region: '${REGION:asia}' } };
  const { run } = bench({ context: { definition: withDefaults } });
  assert.match((await run('config')).out, /^region +asia +default$/m);
});

test('config shows each value and its origin, and masks secrets', async () => {
  const file = join(directory, 'good.yaml');
  writeFileSync(file, 'port: 9000\npassword: hunter2hunter2\n');
  const { run, json } = bench({ context: { definition: configured } });
  const result = await run('config', '--config', file, '--set', 'region=us');
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /^port +9000 +.*good\.yaml:1:/m);
  assert.match(result.out, /^region +us +--set region$/m);
  assert.match(result.out, /^password +\*\*\* /m);
  assert.ok(!result.out.includes('hunter2'));
  const { value } = await json('config', '--config', file);
  assert.equal(value.ok, true);
  assert.ok(!JSON.stringify(value).includes('hunter2'));
});

test('config lists every problem and exits 6', async () => {
  const file = join(directory, 'bad.yaml');
  writeFileSync(file, 'port: many\nregion: [1]\n');
  const { run, json } = bench({ context: { definition: configured } });
  const result = await run('config', '--config', file);
  assert.equal(result.code, 6);
  assert.match(result.err, /the configuration has 2 problems/);
  assert.match(result.err, /bad\.yaml:1:7: port: /);
  assert.match(result.err, /bad\.yaml:2:9: region: /);
  const asJson = await json('config', '--config', file);
  assert.equal(asJson.code, 6);
  assert.equal((asJson.value.problems as unknown[]).length, 2);
});

test("config finds the installed service's file", async () => {
  const { manager, run } = bench({ directories: directory, context: { definition: configured } });
  const { config } = manager.directoriesFor('orders');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.yaml'), 'port: 7000\n');
  assert.match((await run('config')).out, /^port +7000 +.*config\.yaml:1:/m);
});

test('config --name reads what the service of that name would', async () => {
  const { manager, run } = bench({
    directories: directory,
    context: { definition: configured, env: { ORDERS_2_REGION: 'asia', ORDERS_REGION: 'us' } },
  });
  const { config } = manager.directoriesFor('orders-2');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.yaml'), 'port: 7002\n');
  const { out } = await run('config', '--name', 'orders-2');
  assert.match(out, /^port +7002 /m);
  assert.match(out, /^region +asia +.*ORDERS_2_REGION$/m);
});
