import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Wine } from './wine.ts';
import { windowsNode } from './node.ts';

describe('a Wine session', () => {
  it('runs programs, and tells their exit code and both outputs', async () => {
    await using wine = await Wine.start();
    const cmd = await wine.run('cmd.exe', ['/c', 'echo hello & echo no good 1>&2 & exit 7']);
    assert.equal(cmd.code, 7);
    assert.equal(cmd.stdout.trim(), 'hello');
    assert.equal(cmd.stderr.trim(), 'no good');
  });

  it('runs the Windows build of the pinned Node', async () => {
    await using wine = await Wine.start();
    const script = join(wine.drive, 'hello.cjs');
    await writeFile(script, 'console.log(process.platform, process.argv[2]); console.error(__filename)');
    const node = await windowsNode();
    const result = await wine.run(node, [wine.toWindows(script), 'a b']);
    assert.deepEqual(result, { code: 0, stdout: 'win32 a b\n', stderr: 'C:\\hello.cjs\n' });
    const version = await wine.run(node, ['-p', 'process.version']);
    assert.equal(version.stdout.trim(), process.version);
  });

  it('keeps the Service Control Manager, one for each session', async () => {
    await using one = await Wine.start();
    await using two = await Wine.start();
    const created = await one.run('sc.exe', [
      'create',
      'only-here',
      'binPath=',
      'C:\\windows\\system32\\cmd.exe',
    ]);
    assert.equal(created.code, 0, created.stdout);
    const here = await one.run('sc.exe', ['query', 'only-here']);
    assert.match(here.stdout, /STOPPED/);
    const there = await two.run('sc.exe', ['query', 'only-here']);
    assert.notEqual(there.code, 0);
  });

  it('translates paths both ways', async () => {
    await using wine = await Wine.start();
    assert.equal(wine.toWindows(join(wine.drive, 'a/b')), 'C:\\a\\b');
    assert.equal(wine.toUnix('C:\\a\\b'), join(wine.drive, 'a/b'));
    assert.equal(wine.toWindows('/etc/hosts'), 'Z:\\etc\\hosts');
    assert.ok(existsSync(wine.toUnix('z:\\etc\\hosts')));
    assert.throws(() => wine.toUnix('D:\\a'), /drive/);
  });
});
