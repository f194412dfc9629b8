// Runs under Wine, on Node for Windows; see `files.test.ts`.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { writeFileAtomic } from '../../../packages/platform/src/files/write-file-atomic.ts';
import { eventually } from './eventually.ts';

it('a file that somebody reads without sharing it is replaced once it is free', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-files-'));
  const [path, other] = [join(folder, 'state.json'), join(folder, 'other')];
  await writeFile(path, 'old');
  await writeFile(other, 'other');
  // The shell opens what it redirects to a program without FILE_SHARE_DELETE.
  const reader = spawn('cmd.exe', ['/d', '/s', '/c', `"ping -n 60 127.0.0.1 >nul <"${path}""`], {
    windowsVerbatimArguments: true,
    stdio: 'ignore',
  });
  const ended = once(reader, 'exit');
  // The shell goes with it; the session of this test has no other.
  const endReader = (): void =>
    void execFileSync('taskkill.exe', ['/f', '/im', 'ping.exe'], { stdio: 'ignore' });
  try {
    await eventually('a file in use', async () => {
      await writeFile(other, 'other');
      return rename(other, path).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      );
    });
    const written = writeFileAtomic(path, 'new');
    endReader();
    await ended;
    await written;
    assert.equal(await readFile(path, 'utf8'), 'new');
  } finally {
    if (reader.exitCode === null) endReader();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});
