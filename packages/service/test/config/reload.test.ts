import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { anyConfig, configJsonSchema } from '../../src/config/json-schema.ts';
import { changedKeys, reloadConfig } from '../../src/config/reload.ts';
import { loads, looseSchema, tempDir } from './fixture.ts';

describe('reload', () => {
  const schema = z.object({ port: z.number(), db: z.object({ password: z.string() }) });

  it('gives the new values and the keys that changed; a rotated secret is one', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml': 'port: 1\ndb: {password: "secret:file:pw"}\n',
      pw: 'first-one',
    });
    const options = { schema, serviceName: 'orders-api', env: {}, cwd };
    const first = await loads(options);
    const same = await reloadConfig(first, options);
    assert.ok(same.ok);
    assert.deepEqual(same.changed, []);
    writeFileSync(join(cwd, 'pw'), 'second-one');
    const rotated = await reloadConfig(same.config, options);
    assert.ok(rotated.ok);
    assert.deepEqual([rotated.changed, rotated.value.db.password], [['db.password'], 'second-one']);
    assert.equal(rotated.config.secrets.mask('first-one second-one'), '*** ***');
  });

  it('keeps the old configuration when the new one has problems', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'port: 1\ndb: {password: x}\n' });
    const options = { schema, serviceName: 'orders-api', env: {}, cwd };
    const first = await loads(options);
    writeFileSync(join(cwd, 'orders-api.yaml'), 'port: x\ndb: {password: x}\n');
    const result = await reloadConfig(first, options);
    assert.ok(!result.ok);
    assert.equal(result.config, first);
    assert.deepEqual(
      result.problems.map(({ key }) => key),
      ['port'],
    );
  });

  it('finds the deepest keys that differ', () => {
    const before = { a: 1, b: { c: 1, d: [1, { e: 1 }] }, f: new Date(0), g: [1], h: { i: 1 } };
    const after = { a: 1, b: { c: 2, d: [1, { e: 2 }] }, f: new Date(1), g: [1, 2], j: 1 };
    assert.deepEqual(changedKeys(before, after), ['b.c', 'b.d.1.e', 'f', 'g', 'h', 'j']);
  });

  it('finds none in equal values, and some in others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        assert.deepEqual(changedKeys(a, structuredClone(a)), []);
        assert.equal(
          changedKeys(a, b).length === 0,
          JSON.stringify(a) === JSON.stringify(b) || changedKeys(b, a).length === 0,
        );
      }),
    );
  });
});

describe('JSON Schema', () => {
  it('comes from the schema, or from a converter, or not at all', () => {
    const classic = configJsonSchema(z.object({ port: z.number().default(80) }));
    assert.deepEqual(classic?.['properties'], { port: { type: 'number', default: 80 } });
    const miniSchema = mini.object({ port: mini.number() });
    assert.equal(configJsonSchema(miniSchema), undefined);
    const converted = configJsonSchema(miniSchema, () => mini.toJSONSchema(miniSchema));
    assert.deepEqual(converted?.['required'], ['port']);
    assert.equal(configJsonSchema(looseSchema), undefined);
    assert.equal(configJsonSchema(z.object({ at: z.date() })), undefined);
  });
});

describe('start', () => {
  const index = new URL('../../src/config/index.ts', import.meta.url).href;
  /** Modules outside this folder that a load with these files takes, in a process of its own. */
  function modulesOf(cwd: string): string[] {
    const program = `
      const before = new Set(process.moduleLoadList);
      const { registerHooks } = await import('node:module');
      const seen = new Set();
      registerHooks({ load(url, context, next) { seen.add(url); return next(url, context); } });
      const { loadConfig, anyConfig } = await import(${JSON.stringify(index)});
      const result = await loadConfig({ schema: anyConfig, serviceName: 'x', env: { X_A: '1' }, cwd: ${JSON.stringify(cwd)} });
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      const builtins = process.moduleLoadList.filter((name) => !before.has(name)).map((name) => name.replace('NativeModule ', 'node:'));
      console.log(JSON.stringify([...seen, ...builtins]));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    return (JSON.parse(output) as string[]).filter((name) => !name.includes('/service/src/config/'));
  }
  const heavy =
    /node_modules\/|^node:(net|http|https|tls|crypto|worker_threads|child_process|readline|dns|stream\/web|inspector)$/;

  it('loads no package and no heavy part of Node for defaults, environment and JSON', (t) => {
    assert.equal(anyConfig['~standard'].version, 1);
    assert.deepEqual(
      modulesOf(tempDir(t, {})).filter((name) => heavy.test(name)),
      [],
    );
    assert.deepEqual(
      modulesOf(tempDir(t, { 'x.json': '{"b": 1}' })).filter((name) => heavy.test(name)),
      [],
    );
  });

  it('loads yaml for a YAML file, which shows that the test above can see it', (t) => {
    const modules = modulesOf(tempDir(t, { 'x.yaml': 'b: 1' })).filter((name) => heavy.test(name));
    assert.ok(
      modules.some((name) => /\/yaml\//.test(name)),
      modules.join(),
    );
  });
});
