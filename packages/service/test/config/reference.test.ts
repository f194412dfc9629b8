import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { configErrors, type ConfigProblemCode } from '../../src/config/errors.ts';
import { anyConfig } from '../../src/config/json-schema.ts';
import { formatKey } from '../../src/config/key-path.ts';
import { nodeFromValue } from '../../src/config/tree.ts';
import { outputLeaves } from '../../src/config/leaves.ts';
import { maxTemplateDepth } from '../../src/config/template.ts';
import { maxDocumentValues } from '../../src/config/yaml.ts';
import { parseSecretReference, secretSources } from '../../src/config/secret-reference.ts';
import { loads, tempDir, tryLoad } from './fixture.ts';

const page = readFileSync(new URL('../../../../docs/reference/config.md', import.meta.url), 'utf8');

/** Rows of the first table below a heading, each cell without its backquotes. */
function table(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  assert.ok(rows.length > 0, `no table below ${heading}`);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}

describe('docs/reference/config.md', () => {
  it('lists the sources in their order', async (t) => {
    const kinds = table('Sources').map(([kind]) => kind);
    const keys = kinds.map((_kind, index) => `k${index}`);
    // Layer n sets the keys from n upward; so key n must come from layer n.
    const layer = (from: number) => Object.fromEntries(keys.slice(from).map((key) => [key, from]));
    const cwd = tempDir(t, {
      'orders-api.json': JSON.stringify(layer(1)),
      'orders-api.production.yaml': JSON.stringify(layer(2)),
    });
    const remote = nodeFromValue(layer(3), { kind: 'remote', name: 'centre' });
    assert.ok(remote);
    const config = await loads({
      schema: anyConfig,
      cwd,
      defaults: layer(0),
      sources: [{ name: 'centre', kind: 'remote', load: () => ({ node: remote }) }],
      env: {
        ENV_NAME: 'production',
        ...Object.fromEntries(keys.slice(4).map((key) => [`ORDERS_API_${key}`, '4'])),
      },
      set: keys.slice(5).map((key) => `${key}=5`),
    });
    assert.deepEqual(
      keys.map((key) => config.origins.get(key)?.kind),
      kinds,
    );
    assert.deepEqual(config.value, Object.fromEntries(keys.map((key, index) => [key, index])));
  });

  const schema = z.object({
    name: z.string().optional(),
    http: z
      .object({ port: z.number(), maxBodySize: z.number(), 'idle-timeout': z.number() })
      .partial()
      .optional(),
    servers: z.array(z.object({ url: z.number() })).optional(),
  });
  for (const [variable, key] of table('Environment variables')) {
    it(`${variable} sets ${key}`, async () => {
      const { value } = await loads({ schema, env: { [String(variable)]: '5' } });
      assert.deepEqual(
        [...outputLeaves(value)].map(({ path }) => formatKey(path)),
        [key],
      );
    });
  }

  for (const [written, environment = '', text] of table('Placeholders')) {
    it(`${written} with ${environment || 'nothing'} is ${text}`, async () => {
      const [name = '', value] = environment.split('=');
      // Text around it keeps it from being typed.
      const config = await loads({
        schema: anyConfig,
        defaults: { v: `<${written}>` },
        env: { [name]: value },
      });
      assert.equal(config.value['v'], `<${text === '(empty)' ? '' : text}>`);
    });
  }

  const schemas: Readonly<Record<string, z.ZodType>> = {
    number: z.number(),
    string: z.string(),
    boolean: z.boolean(),
    unknown: z.unknown(),
    'list of string': z.array(z.string()),
    'list of number': z.array(z.number()),
  };
  for (const [text, name = '', expected = ''] of table('Types')) {
    it(`${text} for ${name} is ${expected}`, async () => {
      const type = schemas[name];
      assert.ok(type, name);
      const result = await tryLoad({ schema: z.object({ v: type }), env: { ORDERS_API_V: text } });
      if (expected === 'problem') assert.ok(!result.ok);
      else assert.deepEqual(result.ok && result.value.v, JSON.parse(expected));
    });
  }

  it('lists the forms of references', () => {
    const sources = table('Secrets').map(([reference = '']) => {
      const parsed = parseSecretReference(reference);
      assert.ok(parsed && 'source' in parsed, reference);
      return parsed.source;
    });
    assert.deepEqual(sources, [...secretSources]);
  });

  it('has the limits of the code', () => {
    assert.ok(page.includes(`at most ${maxTemplateDepth} deep`));
    assert.ok(page.includes(`more than ${maxDocumentValues.toLocaleString('en').replace(',', ' ')} values`));
  });

  it('lists every code with its meaning', () => {
    const codes = Object.keys(configErrors.entries) as ConfigProblemCode[];
    const expected = codes.map((code) => [
      code,
      configErrors.entries[code].summary,
      configErrors.entries[code].action,
    ]);
    assert.deepEqual(table('Problems'), expected);
  });
});
