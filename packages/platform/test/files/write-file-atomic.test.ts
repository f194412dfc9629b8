import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeFileAtomic } from '../../src/files/write-file-atomic.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'write-file-atomic-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('writeFileAtomic', () => {
  it('creates a file with exactly the mode, whatever the umask', async () => {
    const path = join(directory, 'a');
    const before = process.umask(0o077);
    try {
      await writeFileAtomic(path, 'one', { mode: 0o664 });
    } finally {
      process.umask(before);
    }
    assert.equal(await readFile(path, 'utf8'), 'one');
    assert.equal((await stat(path)).mode & 0o777, 0o664);
  });

  it('replaces content and leaves nothing else behind', async () => {
    const path = join(directory, 'a');
    await writeFile(path, 'old');
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    assert.deepEqual([...(await readFile(path))], [1, 2, 3]);
    assert.deepEqual(await readdir(directory), ['a']);
  });

  it('replaces a symbolic link, not the file it points to', async () => {
    const target = join(directory, 'target');
    await writeFile(target, 'untouched');
    await symlink(target, join(directory, 'link'));
    await writeFileAtomic(join(directory, 'link'), 'new');
    assert.equal(await readFile(target, 'utf8'), 'untouched');
    assert.equal(await readFile(join(directory, 'link'), 'utf8'), 'new');
  });

  it('removes its temporary file when the rename fails, and says where', async () => {
    const path = join(directory, 'folder');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'x');
    await assert.rejects(writeFileAtomic(path, 'new'), {
      code: 'FILE_WRITE_FAILED',
      message: new RegExp(`^Cannot write ${path}: `),
    });
    assert.deepEqual(await readdir(directory), ['folder']);
  });

  it('names the errno when the directory does not exist', async () => {
    const path = join(directory, 'none', 'a');
    await assert.rejects(writeFileAtomic(path, 'x'), {
      code: 'FILE_WRITE_FAILED',
      details: { path, errno: 'ENOENT' },
    });
  });

  it(
    'keeps the old content and cleans up when the disk is full',
    {
      skip: process.platform !== 'linux' || process.getuid?.() !== 0 ? 'mounting needs root on Linux' : false,
    },
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
      try {
        const path = join(directory, 'a');
        await writeFileAtomic(path, 'old');
        await assert.rejects(writeFileAtomic(path, Buffer.alloc(1 << 20)), {
          code: 'FILE_WRITE_FAILED',
          details: { path, errno: 'ENOSPC' },
        });
        assert.equal(await readFile(path, 'utf8'), 'old');
        assert.deepEqual(await readdir(directory), ['a']);
      } finally {
        execFileSync('umount', [directory]);
      }
    },
  );
});
