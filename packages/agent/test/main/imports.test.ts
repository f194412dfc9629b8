// What an idle agent has loaded: each module is memory for as long as the machine runs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { temporaryDirectory } from '../fixtures.ts';

const runFile = promisify(execFile);
const recorder = fileURLToPath(
  new URL('../../../service/test/main/fixtures/record-loads.mjs', import.meta.url),
);
const agent = fileURLToPath(new URL('fixtures/agent-service.ts', import.meta.url));

const bannedBuiltins: Readonly<Record<string, string>> = {
  crypto: '2 MB: for tokens on Windows, and files that are written',
  dns: 'for alerts by mail',
  https: 'for webhooks',
  sqlite: 'no part of an agent',
  tls: 'for webhooks and mail',
  zlib: 'for rotated logs',
};

const bannedFiles: ReadonlyArray<readonly [pattern: RegExp, reason: string]> = [
  [/node_modules\/yaml\//, 'manifests come as JSON'],
  [/node_modules\/(?:zod|commander|fast-xml-parser)\//, 'for the command line'],
  [/node_modules\/nodemailer\//, 'for alerts by mail'],
  [/node_modules\/prom-client\//, 'for the first scrape'],
  [/node_modules\/croner\//, 'for services with a schedule'],
  [/node_modules\/.*koffi/, 'the FFI, for systemd, Windows and passed sockets'],
  [/packages\/(?:build|cli)\//, 'an agent builds nothing'],
  [/packages\/platform\/src\/(?:windows\/|systemd\/|launchd\/|ffi\/)/, 'for native services'],
  [/packages\/agent\/src\/(?:install|client)\//, 'for the command line'],
  [/packages\/service\/src\/(?:config|commands|instances|workers)\//, 'for services that use them'],
];

// A bundler's chunk is loaded as a whole: what an entry imports by path is in the entry's own.
describe('an entry that executables are built from', () => {
  for (const entry of ['packages/agent/src/main.ts', 'packages/cli/src/executable.ts'])
    it(`names the package of what it loads when that is used: ${entry}`, () => {
      const text = readFileSync(new URL(`../../../../${entry}`, import.meta.url), 'utf8');
      const lazy = [...text.matchAll(/import\('([^']+)'\)/g)].map(([, specifier = '']) => specifier);
      assert.notDeepEqual(lazy, []);
      assert.deepEqual(
        lazy.filter((specifier) => !specifier.startsWith('@mainstay/')),
        [],
      );
    });
});

describe('what an idle agent loads', { skip: process.platform === 'win32' && 'a pipe needs a token' }, () => {
  it('is what it needs', async (t) => {
    const base = temporaryDirectory(t);
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const env = {
      ...inherited,
      MAINSTAY_STATE_DIRECTORY: join(base, 's'),
      MAINSTAY_RUNTIME_DIRECTORY: join(base, 'r'),
      MAINSTAY_LOGS_DIRECTORY: join(base, 'l'),
    };
    const { stderr } = await runFile(process.execPath, ['--import', recorder, agent], { env });
    const line = stderr.split('\n').find((each) => each.startsWith('{"files"'));
    assert.ok(line, stderr);
    const { files, builtins } = JSON.parse(line) as { files: readonly string[]; builtins: readonly string[] };
    assert.ok(
      files.some((file) => file.endsWith('packages/agent/src/open-agent.ts')),
      'the record sees the agent',
    );
    assert.ok(builtins.includes('http'), 'the record sees builtins');
    const found = [
      ...builtins.flatMap((name) => (name in bannedBuiltins ? [`${name}: ${bannedBuiltins[name]}`] : [])),
      ...files.flatMap((file) =>
        bannedFiles.flatMap(([pattern, reason]) => (pattern.test(file) ? [`${file}: ${reason}`] : [])),
      ),
    ];
    assert.deepEqual(found, []);
  });
});
