// `mainstay build` with input that cannot work: an exit code, a message, and nothing half-written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pinnedRuntimes } from '../../packages/build/src/runtime/pinned.ts';
import { mainstay, type RunResult, TemporaryFolder } from './newcomer.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0;
const noMount = !canMount && 'mounting needs root on Linux';

describe('mainstay build', () => {
  let folder: TemporaryFolder;
  let project = '';
  before(async () => {
    folder = await TemporaryFolder.make();
    assert.equal((await mainstay(folder.path, ['init', 'my-service'])).code, 0);
    project = join(folder.path, 'my-service');
  });
  after(async () => folder[Symbol.asyncDispose]());

  const build = async (...args: string[]) => mainstay(project, ['build', '--no-type-check', ...args]);

  function assertRefused({ code, stdout, stderr }: RunResult, message: RegExp): void {
    assert.ok(code !== undefined && code !== 0, `exit code ${code}`);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^ {4}at /m, 'a mistake of the operator is told without a stack');
    assert.equal(stdout, '');
  }
  const assertNothingMade = async () => assert.deepEqual((await readdir(project)).includes('out'), false);

  it('of an entry that is not there', async () => {
    assertRefused(await build('src/gone.ts'), /There is no file or folder .*src\/gone\.ts/);
    await assertNothingMade();
  });

  it('for a target that is not known', async () => {
    const result = await build('--target', 'linux-x46');
    assertRefused(result, /linux-x46.*linux-x64/s);
    assert.equal(result.code, 2);
    await assertNothingMade();
  });

  it('with TypeScript errors', async () => {
    const source = join(project, 'src/wrong.ts');
    await writeFile(source, 'export const port: number = "80";\n');
    assertRefused(await mainstay(project, ['build', 'src/wrong.ts']), /src\/wrong\.ts\(1,14\): error TS2322/);
    await assertNothingMade();
  });

  for (const [what, options, message] of [
    ['no space', 'size=1m', /No space left/],
    ['no permission to write', 'size=1m,ro', /Cannot write to .*read-only/],
  ] as const) {
    it(`where there is ${what}`, { skip: noMount }, async () => {
      const disk = join(folder.path, 'disk');
      await mkdir(disk, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
      try {
        assertRefused(await build('--out', disk), message);
        assert.deepEqual(await readdir(disk), []);
      } finally {
        execFileSync('umount', [disk]);
      }
    });
  }

  // A target other than this machine's, whose runtime is not in node_modules.
  const foreign = process.arch === 'arm64' ? 'linux-x64' : 'linux-arm64';
  /** Nothing answers there. */
  const noRegistry = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' };

  it('with a corrupted cache, and no registry to heal it from', async () => {
    const cache = join(folder.path, 'cache');
    const { sha256 } = pinnedRuntimes[foreign].node;
    const cached = join(cache, 'files/sha256', sha256.slice(0, 2), sha256);
    await mkdir(dirname(cached), { recursive: true });
    await writeFile(cached, 'not what it was');
    const args = ['build', '--no-type-check', '--target', foreign, '--cache', cache];
    const result = await mainstay(project, args, noRegistry);
    assertRefused(result, /127\.0\.0\.1:1/);
    assert.match(result.stderr, /The cached copy of bin\/node .* is damaged/);
    await assertNothingMade();
  });

  it('with a cache that is no folder', async () => {
    const args = ['build', '--no-type-check', '--target', foreign, '--cache', join(project, 'package.json')];
    assertRefused(await mainstay(project, args, noRegistry), /package\.json/);
    await assertNothingMade();
  });
});
