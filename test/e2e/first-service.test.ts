// From an empty folder to an executable that runs.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeService } from './first-service.ts';
import { Foreground, mainstay, run, TemporaryFolder } from './newcomer.ts';

describe('mainstay init && mainstay build', { skip: process.platform === 'win32' && 'POSIX signals' }, () => {
  let folder: TemporaryFolder;
  let executable = '';
  before(async () => {
    folder = await TemporaryFolder.make();
    executable = await makeService(folder.path);
  });
  after(async () => folder[Symbol.asyncDispose]());
  const call = async (...args: string[]) => run(executable, args, folder.path, { PORT: '0' });

  it('leaves a project that others may read, and nothing beside it', async () => {
    assert.deepEqual(await readdir(folder.path), ['my-service']);
    assert.equal((await stat(join(folder.path, 'my-service'))).mode & 0o777, 0o777 & ~process.umask());
    const again = await mainstay(folder.path, ['init', 'my-service']);
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /is not empty/);
  });

  it('version says what it was built from', async () => {
    const { code, stdout } = await call('version', '--json');
    assert.equal(code, 0);
    const { name, version, target } = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual([name, version, target], ['my-service', '0.1.0', `${process.platform}-${process.arch}`]);
  });

  it('config, help and doctor answer', async () => {
    assert.equal((await call('config')).code, 0);
    const help = await call('--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /install \[options\]/);
    const doctor = await call('doctor', '--json');
    const { ok, checks } = JSON.parse(doctor.stdout) as {
      ok: boolean;
      checks: { name: string; state: string }[];
    };
    // Whether all is well depends on the machine; that it can say so does not.
    assert.equal(doctor.code, ok ? 0 : 1);
    assert.equal(checks.find(({ name }) => name === 'runtime')?.state, 'ok');
    assert.equal(checks.find(({ name }) => name === 'ffi')?.state, 'ok');
  });

  it('a command that it does not have: exit 2', async () => {
    const { code, stderr } = await call('instal');
    assert.equal(code, 2);
    assert.match(stderr, /install/);
  });

  for (const how of ['executable', 'source'] as const) {
    it(`runs from the ${how} until SIGTERM, exit 0`, async () => {
      const source = [
        process.execPath,
        join(import.meta.dirname, '../../packages/cli/bin/mainstay.mjs'),
        'run',
      ];
      const command =
        how === 'executable' ? [executable, 'run'] : [...source, join(folder.path, 'my-service')];
      await using service = new Foreground(['env', 'PORT=0', ...command], folder.path);
      await service.printed(/Service is up/);
      service.signal('SIGTERM');
      assert.equal(await service.ended, 0, service.output);
      assert.match(service.output, /Service is stopping/);
    });
  }
});
