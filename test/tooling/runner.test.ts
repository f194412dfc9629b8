import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Need, prepare } from '../../scripts/test/needs.ts';
import { parseOptions } from '../../scripts/test/options.ts';
import { plan } from '../../scripts/test/plan.ts';
import { run } from '../../scripts/test/run.ts';
import { type FileResult, runFile } from '../../scripts/test/run-file.ts';
import { suiteOf, suites } from '../../scripts/test/suites.ts';
import { closingLines, exitCodeOf, totalsOf } from '../../scripts/test/summary.ts';

const silent = () => {};
const never = new AbortController().signal;

describe('a test file belongs to the suite of its place', () => {
  const places: Readonly<Record<string, string | undefined>> = {
    'packages/core/test/lifecycle/machine.test.ts': 'unit',
    'packages/platform/test/windows/host.wine.test.ts': 'wine',
    'examples/ticker/test/ticker.test.ts': 'unit',
    'test/sim/lifecycle.test.ts': 'sim',
    'test/conformance/systemd.test.ts': 'systemd',
    'test/conformance/harness.test.ts': undefined,
    'test/build/targets/windows.test.ts': 'build',
  };
  for (const [file, suite] of Object.entries(places)) it(file, () => assert.equal(suiteOf(file), suite));
});

describe('the plan', () => {
  it('has problems with a file of no suite, a suite without files, and a path that finds nothing', () => {
    const files = ['packages/core/test/a.test.ts', 'test/stray.test.ts'];
    assert.deepEqual(plan(files, ['unit', 'sim'], []).problems, [
      'test/stray.test.ts belongs to no suite: see suiteOf in scripts/test/suites.ts',
      'The suite sim has no test files',
    ]);
    assert.deepEqual(plan(files, ['unit'], ['core', 'nowhere']).problems, [
      'No test file has "nowhere" in its path',
    ]);
    assert.deepEqual(
      plan(files, ['unit', 'sim'], ['core']).planned.map(({ suite }) => suite.name),
      ['unit'],
    );
  });

  it('knows its options', () => {
    assert.deepEqual(parseOptions(['--suite', 'unit,wine', './packages/core']).suites, ['unit', 'wine']);
    assert.deepEqual(parseOptions(['./packages/core']).filters, ['packages/core']);
    assert.equal(parseOptions([]).suites.length, suites.length);
    assert.throws(() => parseOptions(['--suite', 'units']), /Unknown suite units: choose from unit/);
    assert.throws(() => parseOptions(['--wat']), /--wat/);
  });
});

const need = (states: (string | undefined)[], install?: () => Promise<void>): Need => ({
  name: 'a thing',
  missing: async () => states.shift(),
  ...(install && { install }),
});
const failing = async () => Promise.reject(new Error('no network'));

describe('needs', () => {
  const cases: readonly (readonly [
    what: string,
    need: Need,
    mayInstall: boolean,
    state: string,
    reason?: RegExp,
  ])[] = [
    ['there', need([undefined]), true, 'ready'],
    ['installable', need(['gone', undefined], async () => {}), true, 'ready'],
    ['not installable here', need(['gone'], failing), false, 'skipped', /^gone$/],
    ['not installable at all', need(['gone']), true, 'skipped', /^gone$/],
    [
      'installable, and the install fails',
      need(['gone'], failing),
      true,
      'failed',
      /Cannot set up a thing: no network/,
    ],
    [
      'installable, to no effect',
      need(['gone', 'gone'], async () => {}),
      true,
      'failed',
      /changed nothing: gone/,
    ],
  ];
  for (const [what, one, mayInstall, state, reason] of cases) {
    it(`that are ${what}: ${state}`, async () => {
      const result = await prepare([one], silent, mayInstall);
      assert.equal(result.state, state);
      if (reason) assert.match('reason' in result ? result.reason : '', reason);
    });
  }
});

const suite = (name: string, ...files: string[]) => ({
  suite: { name, about: '', needs: [], fileLimit: 1 },
  files,
});
const result = (file: string, part: Partial<FileResult> = {}): FileResult => ({
  file,
  passed: 1,
  failures: [],
  skips: [],
  leftBehind: [],
  output: '',
  milliseconds: 1,
  ...part,
});

describe('the run', () => {
  it('skips and fails suites by their preparation, and ends with the counts', async () => {
    const states = {
      good: { state: 'ready' },
      bare: { state: 'skipped', reason: 'no root' },
      torn: { state: 'failed', reason: 'no network' },
    } as const;
    const results = await run([suite('good', 'a', 'b'), suite('bare', 'c'), suite('torn', 'd')], {
      prepare: async ({ suite: { name } }) => states[name as keyof typeof states],
      runFile: async (file) => result(file, file === 'b' ? { skips: [{ test: 't', text: 'why' }] } : {}),
      onFile: silent,
      stop: never,
      concurrency: 2,
    });
    const lines = closingLines(results, []);
    assert.equal(lines.at(-1), '2 passed, 1 failed, 1 skipped');
    assert.ok(lines.includes('  suite bare: no root'));
    assert.ok(lines.includes('  b › t: why'));
    assert.ok(lines.includes('  suite torn: no network'));
    assert.match(lines[0] ?? '', /^ {2}good +2 passed, 1 skipped +0 s$/);
    assert.match(lines[1] ?? '', /^ {2}bare +skipped +0 s$/);
    assert.equal(exitCodeOf(totalsOf(results, [])), 1);
  });

  it('gives a reason once, however many tests of a file have it', () => {
    const skips = ['a', 'b', 'c'].map((test) => ({ test, text: test === 'c' ? 'late' : 'cannot pause' }));
    const files = [result('x', { skips })];
    const lines = closingLines([{ name: 's', preparation: { state: 'ready' }, files }], []);
    const start = lines.indexOf('Skipped:') + 1;
    assert.deepEqual(lines.slice(start, start + 2), ['  x › 2 tests: cannot pause', '  x › c: late']);
  });

  it('is no success when nothing ran', () => {
    assert.equal(exitCodeOf({ passed: 0, failed: 0, skipped: 3 }), 1);
    assert.equal(exitCodeOf({ passed: 1, failed: 0, skipped: 0 }), 0);
  });
});

const texts = (result: FileResult) =>
  result.failures.map(({ test, text }) => `${test}: ${text.split('\n')[0]}`);

describe('a file', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let folder = '';
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'mainstay-runner-'))));
  after(async () => rm(folder, { recursive: true }));
  const file = async (text: string, limit = 60_000, stop = never) => {
    await writeFile(join(folder, 'x.test.mjs'), `import { it, describe } from 'node:test';\n${text}`);
    return runFile(folder, 'x.test.mjs', limit, stop, 300);
  };

  it('is counted test by test', async () => {
    const result = await file(
      `describe('g', () => { it('a', () => {}); it('b', () => { throw new Error('no'); }); it('c', { skip: 'later' }, () => {}); });`,
    );
    assert.equal(result.passed, 1);
    assert.deepEqual(texts(result), ['g › b: Error: no']);
    assert.deepEqual(result.skips, [{ test: 'g › c', text: 'later' }]);
  });

  it('fails without tests, with a syntax error, and when it exits early', async () => {
    assert.deepEqual(texts(await file('')), ['the file: It has no tests']);
    const syntax = await file('const = 1;');
    assert.deepEqual(texts(syntax), ['before its first test: exit code 1']);
    assert.match(syntax.output, /SyntaxError/);
    assert.match(texts(await file(`it('a', () => process.exit(9));`)).join(), /exit code 9/);
  });

  it('is killed with all its processes when it hangs', async () => {
    const hang = `import { spawn } from 'node:child_process';
      it('hangs', async () => {
        const child = spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' });
        console.log('pid ' + child.pid);
        await new Promise(() => setInterval(() => {}, 1000));
      });`;
    const result = await file(hang, 1500);
    assert.match(texts(result).join(), /hangs: Killed: not done within 1.5 s/);
    assert.equal(await isAlive(Number(/pid (\d+)/.exec(result.output)?.[1])), false);
  });

  it('is told on when it leaves a process behind', async () => {
    const result = await file(`import { spawn } from 'node:child_process';
      it('leaves one', () => spawn('sleep', ['1001'], { detached: true, stdio: 'ignore' }).unref());`);
    assert.deepEqual([result.passed, result.leftBehind], [1, ['sleep 1001']]);
  });

  it('is ended by an interrupt', async () => {
    const controller = new AbortController();
    const running = file(
      `it('waits', async () => new Promise(() => setInterval(() => {}, 1000)));`,
      60_000,
      controller.signal,
    );
    setTimeout(() => controller.abort(), 300);
    assert.match(texts(await running).join(), /SIGKILL/);
  });
});

async function isAlive(pid: number): Promise<boolean> {
  assert.ok(pid > 0);
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z ');
  return !stat.includes(') Z ');
}
