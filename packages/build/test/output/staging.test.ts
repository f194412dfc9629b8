import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Staging } from '../../src/output/staging.ts';
import { temporaryFolder, writeFiles } from '../project-fixture.ts';

suite('the output folder', () => {
  test('gets all files, or keeps what it had', async (t) => {
    const output = await temporaryFolder(t);
    await writeFiles(output, { first: 'old', 'blocked/file': 'in the way' });
    const staging = await Staging.open(output);
    for (const name of ['first', 'new', 'blocked']) await staging.write(name, [Buffer.from('new')], 0o644);
    await assert.rejects(staging.publish(['first', 'new', 'blocked']), { code: 'BUILD_OUTPUT_NOT_WRITABLE' });
    await staging.close(false);
    assert.deepEqual((await readdir(output)).sort(), ['blocked', 'first']);
    assert.equal(await readFile(join(output, 'first'), 'utf8'), 'old');
    assert.equal(await readFile(join(output, 'blocked/file'), 'utf8'), 'in the way');
  });

  test(
    'a program that is running is replaced, and runs on',
    { skip: process.platform === 'win32' },
    async (t) => {
      const output = await temporaryFolder(t);
      await copyFile('/bin/sleep', join(output, 'program'));
      const running = spawn(join(output, 'program'), ['60'], { stdio: 'ignore' });
      await once(running, 'spawn');
      t.after(() => running.kill('SIGKILL'));
      const staging = await Staging.open(output);
      await staging.write('program', [Buffer.from('new')], 0o755);
      await staging.publish(['program']);
      await staging.close(true);
      assert.equal(await readFile(join(output, 'program'), 'utf8'), 'new');
      assert.deepEqual(await readdir(output), ['program']);
      assert.equal(running.exitCode, null);
    },
  );

  test('what a killed build left is removed after a while; what may still be used is not', async (t) => {
    const output = await temporaryFolder(t);
    const ended = spawn(process.execPath, ['-e', '0']);
    await once(ended, 'exit');
    const [old, recent, ours] = [`${ended.pid}-old`, `${ended.pid}-recent`, `${process.pid}-ours`].map(
      (name) => `.mainstay-build-${name}`,
    ) as [string, string, string];
    for (const name of [old, recent, ours]) {
      await mkdir(join(output, name));
      await writeFile(join(output, name, 'part'), 'x');
    }
    const longAgo = new Date(Date.now() - 7_200_000);
    for (const name of [old, ours]) await utimes(join(output, name), longAgo, longAgo);
    const staging = await Staging.open(output);
    await staging.close(true);
    assert.deepEqual((await readdir(output)).sort(), [recent, ours].sort());
  });

  test('a folder that the build made goes with its failure', async (t) => {
    const output = join(await temporaryFolder(t), 'made/by/us');
    const staging = await Staging.open(output);
    await staging.write('file', [Buffer.from('x')], 0o600);
    await staging.close(false);
    await assert.rejects(stat(join(output, '../..')), { code: 'ENOENT' });
  });
});
