import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { describeConfig } from '../../src/config/describe.ts';
import { configError, formatProblem } from '../../src/config/format.ts';
import { anyConfig } from '../../src/config/json-schema.ts';
import { looksSecret, maskUrlPasswords } from '../../src/config/masking.ts';
import { SecretRegistry } from '../../src/config/secret-registry.ts';
import { fails, loads, tempDir } from './fixture.ts';

const schema = z.object({ db: z.object({ password: z.string() }) });
const secret = 'correct-horse-battery';

/** Fails when four neighbouring characters of the secret are anywhere in the text. */
function assertHidden(shown: unknown, hidden = secret): void {
  const text = JSON.stringify(shown).toLowerCase();
  for (let at = 0; at + 4 <= hidden.length; at += 1) {
    const part = hidden.slice(at, at + 4).toLowerCase();
    assert.ok(!text.includes(part), `${part} is shown in ${text}`);
  }
}

describe('references', () => {
  const ways: ReadonlyArray<
    readonly [string, (reference: string) => Parameters<typeof loads>[0] & { files?: Record<string, string> }]
  > = [
    ['YAML', (reference) => ({ schema, files: { 'orders-api.yaml': `db:\n  password: ${reference}\n` } })],
    [
      'quoted YAML',
      (reference) => ({ schema, files: { 'orders-api.yaml': `db: { password: "${reference}" }\n` } }),
    ],
    [
      'JSON',
      (reference) => ({ schema, files: { 'orders-api.json': `{"db": {"password": "${reference}"}}` } }),
    ],
    ['a variable', (reference) => ({ schema, env: { ORDERS_API_DB__PASSWORD: reference } })],
    ['a flag', (reference) => ({ schema, set: [`db.password=${reference}`] })],
    ['a default', (reference) => ({ schema, defaults: { db: { password: reference } } })],
    ['a placeholder', (reference) => ({ schema, defaults: { db: { password: `\${REF:${reference}}` } } })],
  ];
  for (const [label, options] of ways) {
    for (const reference of [
      'secret:file:run/db',
      'secret:credential:db',
      'secret:env:DB_SECRET',
      `secret:literal:${secret}`,
    ]) {
      it(`${reference.split(':').slice(0, 2).join(':')} in ${label}`, async (t) => {
        const { files = {}, ...rest } = options(reference);
        const cwd = tempDir(t, { ...files, 'run/db': `${secret}\n` });
        const env = { ...rest.env, CREDENTIALS_DIRECTORY: join(cwd, 'run'), DB_SECRET: secret };
        const config = await loads({ ...rest, schema, cwd, env });
        assert.deepEqual(config.value, { db: { password: secret } });
        const origin = config.origins.get('db.password');
        assert.equal(origin?.kind, 'secret');
        assert.notEqual(origin?.declared, undefined);
        assert.equal(config.secrets.mask(`password is ${secret}!`), 'password is ***!');
        assert.deepEqual(
          describeConfig(config).map(({ key, value, masked }) => [key, value, masked]),
          [['db.password', '***', true]],
        );
        assertHidden([describeConfig(config), [...config.origins], config.warnings]);
      });
    }
  }

  it('a file is relative to the file that names it; absolute paths work', async (t) => {
    const cwd = tempDir(t, {
      'conf/my.yaml': 'db: {password: "secret:file:pw"}',
      'conf/pw': 'near-the-file',
      pw: 'in-the-cwd',
    });
    assert.equal((await loads({ schema, cwd, file: 'conf/my.yaml' })).value.db.password, 'near-the-file');
    const flag = async (path: string) =>
      (await loads({ schema, cwd, set: [`db.password=secret:file:${path}`] })).value.db.password;
    assert.equal(await flag('pw'), 'in-the-cwd');
    assert.equal(await flag(join(cwd, 'conf', 'pw')), 'near-the-file');
  });

  it('one newline at the end of a file is dropped, LF or CRLF, and no more', async (t) => {
    const cwd = tempDir(t, { a: 'abcd\n', b: 'abcd\r\n', c: 'abcd\n\n', d: ' abcd ', e: '\ufeffabcd' });
    const set = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}=secret:file:${name}`);
    const { value } = await loads({ schema: anyConfig, cwd, set });
    assert.deepEqual(value, { a: 'abcd', b: 'abcd', c: 'abcd\n', d: ' abcd ', e: 'abcd' });
  });

  it('digits stay a string, and are a number where only that fits', async (t) => {
    const cwd = tempDir(t, { pin: '123456' });
    const set = ['pin=secret:file:pin'];
    assert.deepEqual((await loads({ schema: anyConfig, cwd, set })).value, { pin: '123456' });
    assert.deepEqual((await loads({ schema: z.object({ pin: z.number() }), cwd, set })).value, {
      pin: 123456,
    });
  });

  it('the content of a secret is taken as it is', async (t) => {
    const cwd = tempDir(t, { a: '${HOME}', b: 'secret:env:HOME' });
    const { value } = await loads({
      schema: anyConfig,
      cwd,
      set: ['a=secret:file:a', 'b=secret:file:b'],
      env: { HOME: 'x' },
    });
    assert.deepEqual(value, { a: '${HOME}', b: 'secret:env:HOME' });
  });

  it('a file that every user can read is a warning', { skip: process.platform === 'win32' }, async (t) => {
    const cwd = tempDir(t, { pw: secret });
    const load = async () => (await loads({ schema, cwd, set: ['db.password=secret:file:pw'] })).warnings;
    assert.deepEqual(await load(), []);
    chmodSync(join(cwd, 'pw'), 0o644);
    assert.deepEqual(
      (await load()).map(({ code }) => code),
      ['CONFIG_SECRET_EXPOSED'],
    );
  });

  it('says what is wrong with one that cannot be loaded, once for each', async (t) => {
    const cwd = tempDir(t, {});
    mkdirSync(join(cwd, 'dir'));
    writeFileSync(join(cwd, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
    const set = ['file:none', 'file:dir', 'file:binary', 'file:', 'env:NONE', 'fiel:x', 'credential:x'].map(
      (name, index) => `k${index}=secret:${name}`,
    );
    const messages = async (env: Record<string, string>, flags: string[]) =>
      (await fails({ schema: anyConfig, cwd, env, set: flags })).problems.map(({ message }) =>
        message.replace(cwd, '.'),
      );
    assert.deepEqual(await messages({}, set), [
      'Secret file ./none does not exist',
      'Secret file ./dir cannot be read: it is a directory',
      'Secret file ./binary is not UTF-8 text',
      'Nothing after secret:file:',
      'Environment variable NONE is not set',
      'Unknown source of a secret; use secret:file:, secret:credential:, secret:env:, secret:literal:',
      'No systemd credentials here (CREDENTIALS_DIRECTORY is not set); add LoadCredential=x:PATH to the unit',
    ]);
    const credentials = { CREDENTIALS_DIRECTORY: cwd };
    assert.deepEqual(await messages(credentials, ['a=secret:credential:x', 'b=secret:credential:../x']), [
      'Credential x does not exist',
      'The name of a credential cannot hold a slash',
    ]);
    const { problems } = await fails({ schema, set: ['db.password=secret:env:NONE'] });
    assert.equal(problems.length, 1);
  });

  it('is only what has its form', async () => {
    const { value } = await loads({
      schema: anyConfig,
      set: ['a=secret:', 'b=secret', 'c=a secret:env:X', 'd=secret:literal:secret:env:X'],
    });
    assert.deepEqual(value, { a: 'secret:', b: 'secret', c: 'a secret:env:X', d: 'secret:env:X' });
  });
});

const echo = (message: (value: string) => string, path: PropertyKey[]): StandardSchemaV1 => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (input) => ({
      issues: [{ message: message((input as { db: { password: string } }).db.password), path }],
    }),
  },
});

describe('masking', () => {
  const echoes: ReadonlyArray<readonly [string, (value: string) => string]> = [
    ['whole', (value) => `Bad value ${value}`],
    ['quoted', (value) => `Bad value ${JSON.stringify(value)}`],
    ['cut', (value) => `Bad value ${value.slice(0, 6)}…`],
    ['in capitals', (value) => `Bad value ${value.toUpperCase()}`],
  ];
  for (const [label, message] of echoes) {
    for (const path of [['db', 'password'], ['db'], []]) {
      for (const given of [`secret:literal:${secret}`, secret]) {
        it(`a validator that repeats it ${label} at ${path.join('.') || 'the top'} (${given.slice(0, 6)})`, async () => {
          const result = await fails({ schema: echo(message, path), defaults: { db: { password: given } } });
          assert.equal(result.problems.length, 1);
          assertHidden([
            result.problems,
            configError(result.problems).message,
            configError(result.problems).details,
          ]);
        });
      }
    }
  }

  it('hides what a key that looks secret has, also when it is short', async () => {
    const { problems } = await fails({ schema: z.object({ token: z.number() }), set: ['token=qzx'] });
    assert.deepEqual(problems.map(formatProblem), [
      '--set token: token: Invalid input: expected number, received string',
    ]);
    const short = await fails({
      schema: echo((value) => `Bad ${value}`, ['db', 'password']),
      set: ['db.password=qzx'],
    });
    assert.ok(!JSON.stringify(short.problems).includes('qzx'));
  });

  it('hides a secret in the message of a source, and passwords in URLs', async () => {
    const load = () => Promise.reject(new Error(`GET https://u:hunter2@hub/ with ${secret}`));
    const { problems } = await fails({
      schema: anyConfig,
      set: [`a=secret:literal:${secret}`],
      sources: [{ name: 'centre', kind: 'remote', load }],
    });
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['Source failed: GET https://u:***@hub/ with ***'],
    );
  });

  it('knows secret keys by their last words', () => {
    const yes =
      'password|dbPassword|DB_PASSWORD|db-password|token|accessToken|apiKey|API_KEY|private_key|clientSecret|secrets|credentials|connectionString|apikey';
    const no =
      'passwordFile|tokenTtl|secretName|key|keyFile|monkey|publicKey|tokenizer|author|passwordMinLength|port';
    for (const key of yes.split('|')) assert.ok(looksSecret(['a', key]), key);
    for (const key of no.split('|')) assert.ok(!looksSecret(['a', key]), key);
    assert.ok(looksSecret(['secrets', 'anything', 0]));
  });

  it('shows values, not those of secret keys, not passwords in URLs', async () => {
    const config = await loads({
      schema: anyConfig,
      env: { DB_PASSWORD: 'opensesame' },
      defaults: {
        url: 'postgres://app:${DB_PASSWORD}@db/orders',
        note: 'it is ${DB_PASSWORD}',
        plain: 'https://user:hunter2@host/',
        token: 'abc',
        apiKeys: ['a', 5, true, null],
        ttl: 5,
        none: [],
      },
    });
    assert.deepEqual(Object.fromEntries(describeConfig(config).map(({ key, value }) => [key, value])), {
      url: 'postgres://app:***@db/orders',
      note: 'it is ***',
      plain: 'https://user:***@host/',
      token: '***',
      'apiKeys.0': '***',
      'apiKeys.1': '***',
      'apiKeys.2': true,
      'apiKeys.3': null,
      ttl: 5,
      none: [],
    });
  });

  it('shows what a schema made of values', async () => {
    const made = z.object({}).transform(() => ({
      date: new Date(0),
      url: new URL('https://u:hunter2@h/'),
      set: new Set([1]),
      re: /x/,
      fn: () => 1,
      big: 5n,
      nan: NaN,
      undef: undefined,
      copy: `[${secret}]`,
    }));
    const secrets = new SecretRegistry();
    secrets.add(secret);
    const rows = describeConfig(await loads({ schema: made, secrets }));
    assert.deepEqual(Object.fromEntries(rows.map(({ key, value }) => [key, value])), {
      date: '1970-01-01T00:00:00.000Z',
      url: 'https://u:***@h/',
      set: '[Set of 1]',
      re: '/x/',
      fn: '[function]',
      big: '5',
      nan: 'NaN',
      undef: null,
      copy: '[***]',
    });
  });

  it('maskUrlPasswords leaves other texts alone', () => {
    for (const text of ['http://host:80/', 'http://host/a:b@c', 'a:b@c', 'mailto:a@b', 'http://user@host/']) {
      assert.equal(maskUrlPasswords(text), text);
    }
    assert.equal(maskUrlPasswords('amqp://:p@ss@h, x://a:b@c'), 'amqp://:***@h, x://a:***@c');
  });
});

describe('SecretRegistry', () => {
  it('leaves nothing of any secret in any text around it', () => {
    const secretArbitrary = fc.string({ minLength: 4, maxLength: 20 }).filter((text) => !text.includes('*'));
    fc.assert(
      fc.property(
        fc.array(secretArbitrary, { minLength: 1 }),
        fc.string(),
        fc.string(),
        (secrets, before, after) => {
          const registry = new SecretRegistry();
          for (const item of secrets) registry.add(item);
          for (const item of secrets) {
            assert.ok(!registry.mask(before + item + after).includes(item));
            assert.ok(
              !registry.mask(JSON.stringify({ x: item })).includes(JSON.stringify(item).slice(1, -1)),
            );
            assert.ok(!registry.mask(encodeURIComponent(item)).includes(encodeURIComponent(item)));
          }
        },
      ),
    );
  });

  it('masks the longer of two, and the lines of a key', () => {
    const registry = new SecretRegistry();
    registry.add('abcd');
    registry.add('abcdefgh');
    registry.add('-----BEGIN KEY-----\nMIIBVwIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----');
    assert.equal(
      registry.mask('abcdefgh abcd MIIBVwIBADANBgkq -----BEGIN KEY-----'),
      '*** *** *** -----BEGIN KEY-----',
    );
  });

  it('does not hide half of a text for a secret of a letter', () => {
    const registry = new SecretRegistry();
    registry.add('a');
    registry.add('');
    assert.equal(registry.mask('banana'), 'banana');
    assert.equal(registry.size, 0);
  });
});
