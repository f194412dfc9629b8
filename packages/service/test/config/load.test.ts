import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { formatProblem } from '../../src/config/format.ts';
import { anyConfig } from '../../src/config/json-schema.ts';
import { outputLeaves } from '../../src/config/leaves.ts';
import { configCandidates } from '../../src/config/load.ts';
import { formatKey } from '../../src/config/key-path.ts';
import type { ConfigSource } from '../../src/config/sources/source.ts';
import { nodeFromValue } from '../../src/config/tree.ts';
import { fails, loads, looseSchema, tempDir, tryLoad } from './fixture.ts';

const schema = z.object({
  http: z
    .object({ port: z.number().int().max(65_535).default(80), host: z.string().default('localhost') })
    .prefault({}),
  maxBodySize: z.number().optional(),
});

describe('layers', () => {
  it('defaults < file < profile < sources < environment < flags, each with its origin', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml': 'k1: file\nk2: file\nk3: file\nk4: file\nk5: file\n',
      'orders-api.prod.yaml': 'k2: profile\nk3: profile\nk4: profile\nk5: profile\n',
    });
    const remote: ConfigSource = {
      name: 'centre',
      kind: 'remote',
      load() {
        const node = nodeFromValue(
          { k3: 'remote', k4: 'remote', k5: '${X:remote}' },
          { kind: 'remote', name: 'centre' },
        );
        return node ? { node } : {};
      },
    };
    const config = await loads({
      schema: anyConfig,
      cwd,
      defaults: { k0: 'default', k1: 'default', k2: 'default', k3: 'default', k4: 'default', k5: 'default' },
      env: { ENV_NAME: 'prod', ORDERS_API_K4: 'env', ORDERS_API_K5: 'env' },
      set: ['k5=flag'],
      sources: [remote],
    });
    assert.deepEqual(config.value, {
      k0: 'default',
      k1: 'file',
      k2: 'profile',
      k3: 'remote',
      k4: 'env',
      k5: 'flag',
    });
    assert.deepEqual(
      [...config.origins.values()],
      [
        { kind: 'default' },
        { kind: 'file', file: join(cwd, 'orders-api.yaml'), line: 1, column: 5 },
        { kind: 'profile', file: join(cwd, 'orders-api.prod.yaml'), line: 1, column: 5 },
        { kind: 'remote', name: 'centre' },
        { kind: 'env', name: 'ORDERS_API_K4' },
        { kind: 'flag', name: 'k5' },
      ],
    );
    assert.equal(config.profile, 'prod');
    assert.deepEqual(config.files, [join(cwd, 'orders-api.yaml'), join(cwd, 'orders-api.prod.yaml')]);
  });

  it("fills in the schema's defaults, whose origin is default", async (t) => {
    const config = await loads({ schema, cwd: tempDir(t, { 'orders-api.json': '{"http": {"port": 1}}' }) });
    assert.deepEqual(config.value, { http: { port: 1, host: 'localhost' } });
    assert.equal(config.origins.get('http.port')?.kind, 'file');
    assert.deepEqual(config.origins.get('http.host'), { kind: 'default' });
  });

  it('gives each leaf of any value exactly one origin', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        fc.array(fc.tuple(fc.constantFrom('a', 'b.c', 'b.0', 'd'), fc.string())),
        async (defaults, set) => {
          if (JSON.stringify(defaults).includes('__proto__')) return;
          const result = await tryLoad({
            schema: anyConfig,
            defaults,
            set: set.map(([key, value]) => `${key}=${value}`),
          });
          if (!result.ok) return;
          const keys = [...outputLeaves(result.value)].map(({ path }) => formatKey(path));
          assert.deepEqual([...result.origins.keys()], keys);
          assert.equal(new Set(keys).size, keys.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reports the problems of all layers at once', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml': 'http:\n  port: "x"\n  host: ${MISSING}\nmaxBodySize: ${OPEN\nhtpp: 1\n',
      'orders-api.prod.yaml': 'a: 1\na: 2\n',
    });
    const file = join(cwd, 'orders-api.yaml');
    const problems = await fails({
      schema: z.object({ ...schema.shape, name: z.string() }),
      cwd,
      env: { ENV_NAME: 'prod', ORDERS_API_HTTP: '1', ORDERS_API_HTTP__PORT: 'y' },
      set: ['nonsense', 'http.port=99999'],
    });
    assert.deepEqual(problems.problems.map(formatProblem), [
      `${join(cwd, 'orders-api.prod.yaml')}:2:1: Key is given twice in one map`,
      'environment variable ORDERS_API_HTTP__PORT: http.port: Sets the same key as ORDERS_API_HTTP; remove one of the two',
      '--set number 1: Not of the form --set key.path=value',
      `${file}:4:14: maxBodySize: Placeholder \${OPEN is not closed; add }, or write $\${ for a literal \${`,
      '--set http.port: http.port: Too big: expected number to be <=65535 (got 99999)',
    ]);
    assert.deepEqual(problems.warnings.map(formatProblem), [
      `${file}:5:7: htpp: Unknown key, which is ignored; did you mean http?`,
    ]);
  });

  it('says how to set what is missing', async (t) => {
    const { problems } = await fails({
      schema: z.object({ db: z.object({ poolSize: z.number() }) }),
      cwd: tempDir(t, {}),
    });
    assert.equal(
      problems.map(formatProblem).join('\n'),
      'db: Not set (Invalid input: expected object, received undefined); set it in the file, as ORDERS_API_DB, or with --set db=VALUE',
    );
  });

  it('gives the position of a missing variable inside its scalar', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml': 'u: "a\\t$${x} ${A:b} ${MISSING}"\nm: |\n  one\n  two ${GONE}\n',
    });
    const { problems } = await fails({ schema: anyConfig, cwd });
    assert.deepEqual(
      problems.map(({ origin }) => `${origin?.line}:${origin?.column}`),
      ['1:21', '4:7'],
    );
  });

  it('does not mind a placeholder without a value that a higher layer overrides', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'a: ${MISSING}\n' });
    assert.deepEqual((await loads({ schema: anyConfig, cwd, set: ['a=1'] })).value, { a: 1 });
  });

  it('turns what a source throws into a problem', async () => {
    const source: ConfigSource = {
      name: 'centre',
      kind: 'remote',
      load: () => Promise.reject(new Error('No route')),
    };
    const { problems } = await fails({ schema: anyConfig, sources: [source] });
    assert.deepEqual(problems.map(formatProblem), ['remote centre: Source failed: No route']);
  });
});

describe('files', () => {
  it('takes the first candidate with a file, and warns of a second ending beside it', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yml': 'a: 1',
      'orders-api.json': '{"a": 2}',
      'etc/config.yaml': 'a: 3',
    });
    const config = await loads({
      schema: anyConfig,
      cwd,
      candidates: configCandidates('orders-api', cwd, [join(cwd, 'etc')]),
    });
    assert.deepEqual(config.value, { a: 1 });
    assert.match(
      config.warnings.map(formatProblem).join(),
      /orders-api\.json: Not read, because .*orders-api\.yml/,
    );
    const other = join(cwd, 'elsewhere');
    const config2 = await loads({
      schema: anyConfig,
      cwd: other,
      candidates: configCandidates('orders-api', other, [join(cwd, 'etc')]),
    });
    assert.deepEqual(config2.value, { a: 3 });
  });

  it('takes a profile without a base file', async (t) => {
    const cwd = tempDir(t, { 'orders-api.prod.json': '{"a": 1}' });
    assert.deepEqual((await loads({ schema: anyConfig, cwd, env: { ENV_NAME: 'prod' } })).value, { a: 1 });
  });

  it('warns of a profile without a file', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'a: 1' });
    const { warnings } = await loads({ schema: anyConfig, cwd, env: { ENV_NAME: 'prdo' } });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['CONFIG_PROFILE_MISSING'],
    );
  });

  it('refuses a profile that would leave the directory', async () => {
    for (const name of ['../x', 'a/b', 'a\\b', '.', '', ' ']) {
      const result = await tryLoad({ schema: anyConfig, env: { ENV_NAME: name } });
      assert.equal(result.ok, name === '', name);
    }
  });

  it('takes --config and the profile beside it, and nothing else', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml': 'a: 1',
      'my.json': '{"a": 2, "b": 2}',
      'my.prod.yaml': 'b: 3',
    });
    const config = await loads({ schema: anyConfig, cwd, file: 'my.json', env: { ENV_NAME: 'prod' } });
    assert.deepEqual(config.value, { a: 2, b: 3 });
  });

  const utf16 = Buffer.from('\ufeffa: 1', 'utf16le');
  const bad: ReadonlyArray<readonly [string, Buffer | string, string]> = [
    ['utf16.yaml', utf16, 'CONFIG_FILE_ENCODING'],
    ['utf16-no-mark.yaml', Buffer.from('a: 1', 'utf16le'), 'CONFIG_FILE_ENCODING'],
    ['latin1.yaml', Buffer.from('a: é', 'latin1'), 'CONFIG_FILE_ENCODING'],
    ['list.yaml', '- 1', 'CONFIG_NOT_A_MAP'],
    ['scalar.json', '3', 'CONFIG_NOT_A_MAP'],
    ['x.toml', 'a = 1', 'CONFIG_FILE_FORMAT'],
    ['none', 'a: 1', 'CONFIG_FILE_FORMAT'],
    ['big.yaml', `a: ${'x'.repeat(1024 * 1024)}`, 'CONFIG_FILE_TOO_LARGE'],
  ];
  for (const [name, content, code] of bad) {
    it(`refuses ${name} with ${code}`, async (t) => {
      const { problems } = await fails({ schema, cwd: tempDir(t, { [name]: content }), file: name });
      assert.deepEqual(
        problems.map((problem) => problem.code),
        [code],
      );
    });
  }

  it('refuses a directory and a missing file', async (t) => {
    const cwd = tempDir(t, {});
    mkdirSync(join(cwd, 'dir.yaml'));
    mkdirSync(join(cwd, 'orders-api.yaml'));
    const code = async (file?: string) =>
      (await fails({ schema, cwd, ...(file && { file }) })).problems.map(formatProblem).join();
    assert.match(await code('dir.yaml'), /dir\.yaml: Cannot be read: it is a directory$/);
    assert.match(await code(), /orders-api\.yaml: Cannot be read: it is a directory$/);
    assert.match(await code('missing.yaml'), /missing\.yaml: File does not exist/);
  });

  it('says that a file may not be read', async () => {
    const reader = { read: () => ({ kind: 'unreadable' as const, reason: 'this account may not read it' }) };
    const { problems } = await fails({ schema, file: '/x.yaml', reader });
    assert.match(problems.map(formatProblem).join(), /Cannot be read: this account may not read it/);
  });

  it('takes a byte order mark and CRLF', async (t) => {
    const cwd = tempDir(t, {});
    writeFileSync(join(cwd, 'orders-api.yaml'), '\ufeffa: 1\r\nb: x\r\n');
    const config = await loads({ schema: anyConfig, cwd });
    assert.deepEqual(config.value, { a: 1, b: 'x' });
    assert.equal(config.origins.get('a')?.column, 4);
  });

  it('keeps keys of the prototype apart from the prototype', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.json': '{"constructor": {"prototype": {"polluted": 1}}, "toString": 1}',
    });
    const { value } = await loads({ schema: anyConfig, cwd, set: ['constructor.x=1'] });
    assert.deepEqual(Object.keys(value), ['constructor', 'toString']);
    assert.equal((Object.prototype as Record<string, unknown>)['polluted'], undefined);
    const { problems } = await fails({ schema: anyConfig, set: ['__proto__.polluted=1', 'a.__proto__=1'] });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['CONFIG_FORBIDDEN_KEY', 'CONFIG_FORBIDDEN_KEY'],
    );
    const env = {
      ORDERS_API_A: '{"__proto__": {"polluted": 1}}',
      ORDERS_API___PROTO__: '1',
      ORDERS_API_A__: '1',
    };
    assert.deepEqual((await loads({ schema: anyConfig, env })).value, {
      a: '{"__proto__": {"polluted": 1}}',
    });
  });
});

describe('any validator', () => {
  it('zod/mini', async () => {
    const miniSchema = mini.object({ port: mini.number(), tags: mini.array(mini.string()) });
    const { value } = await loads({
      schema: miniSchema,
      env: { ORDERS_API_PORT: '80', ORDERS_API_TAGS: 'a,b' },
    });
    const typed: { port: number; tags: string[] } = value;
    assert.deepEqual(typed, { port: 80, tags: ['a', 'b'] });
    const { problems } = await fails({ schema: miniSchema, env: { ORDERS_API_PORT: 'x' }, set: ['tags=[]'] });
    assert.deepEqual(
      problems.map(({ key }) => key),
      ['port'],
    );
  });

  it('one with path segments as objects, asynchronous, that keeps unknown keys', async () => {
    const { value, warnings } = await loads({ schema: looseSchema, set: ['port=8080', 'other=1'] });
    assert.deepEqual(value, { port: 8080, other: 1 });
    assert.deepEqual(warnings, []);
    const { problems } = await fails({ schema: looseSchema, set: ['port=x'] });
    assert.deepEqual(problems.map(formatProblem), ['--set port: port: Not a number (got "x")']);
  });

  it('a strict one: an unknown key is a problem with its place and a suggestion', async (t) => {
    const strict = z.strictObject({ password: z.string().optional(), name: z.string() });
    const cwd = tempDir(t, { 'orders-api.yaml': 'name: x\n\npasswort: hunter2\n' });
    const { problems, warnings } = await fails({ schema: strict, cwd });
    assert.deepEqual(problems.map(formatProblem), [
      `${join(cwd, 'orders-api.yaml')}:3:11: passwort: Unknown key; did you mean password?`,
    ]);
    assert.deepEqual(warnings, []);
  });

  it('one that drops unknown keys: a warning; not for keys that it renames', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'hots: x\nold: 1\n' });
    const renaming = z
      .object({ host: z.string().default('h'), old: z.number() })
      .transform(({ host, old }) => ({ host, renamed: old }));
    const config = await loads({ schema: renaming, cwd });
    assert.deepEqual(
      config.warnings.map(({ key, message }) => `${key}: ${message}`),
      ['hots: Unknown key, which is ignored; did you mean host?'],
    );
  });
});
