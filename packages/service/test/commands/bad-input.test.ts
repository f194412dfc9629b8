import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bench } from './harness.ts';

/** What was wrong, and what to do: both in what is printed. */
const cases: ReadonlyArray<readonly [argv: readonly string[], code: number, ...said: RegExp[]]> = [
  [['bogus'], 2, /^Error: unknown command 'bogus'/, /See `orders --help`/],
  [['statsu'], 2, /unknown command 'statsu'/, /Did you mean status\?/],
  [['--bogus'], 2, /^Error: unknown option '--bogus'/, /See `orders --help`/],
  [['run', '--prot', '1'], 2, /unknown option '--prot'/, /See `orders run --help`/],
  [['run', 'extra'], 2, /too many arguments for 'run'/],
  [['install', '--name', 'My Service'], 2, /'My Service' is invalid/, /lower-case letters/],
  [['install', '--env', 'FOO'], 2, /'FOO' is invalid/, /Write KEY=VALUE/],
  [['install', '--restart', 'sometimes'], 2, /'sometimes' is invalid/, /always, on-failure, never/],
  [['start', '--timeout', 'fast'], 2, /Not a duration: "fast"/, /such as 500ms/],
  [['logs', '--since', 'yesterday'], 2, /'yesterday' is invalid/, /a duration \(10m\) before now/],
  [['logs', '--lines', '-1'], 2, /whole number/],
  [['config', '--config', '/nowhere/x.yaml'], 6, /\/nowhere\/x\.yaml: File does not exist; correct the path/],
  [['config', '--set', 'port'], 6, /Not of the form --set key\.path=value/],
  [['install', '--copy'], 2, /--copy needs a built executable/, /mainstay build/],
];

for (const [argv, code, ...said] of cases) {
  test(`bad input: ${argv.join(' ')}`, async () => {
    const result = await bench().run(...argv);
    assert.equal(result.code, code, result.err);
    for (const words of said) assert.match(result.err, words);
    assert.equal(result.out, '', 'nothing that a program would read as a result');
  });
}

test('bad input: an ENV_NAME that is no part of a file name', async () => {
  const { code, err } = await bench({ context: { env: { ENV_NAME: '../x' } } }).run('config');
  assert.equal(code, 6);
  assert.match(err, /environment variable ENV_NAME: .*use letters, digits, dots, dashes and underscores/);
});
