import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

export interface WriteFileAtomicOptions {
  /** Permission bits; the process's umask does not apply. POSIX only. @default 0o644 */
  readonly mode?: number;
}

/**
 * Replaces a file as a whole: readers and a machine that loses power see the old content or the new one, never a part.
 * A temporary file beside it is written and synced, renamed over it, and the directory is synced (rename(2), fsync(2)).
 *
 * Throws FILE_WRITE_FAILED, with `details.errno` as Node names it; the temporary file is gone then.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o644 }: WriteFileAtomicOptions = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  let renamed = false;
  try {
    // Exclusive: a link that somebody planted under this name is never followed.
    await withFile(await open(temporary, 'wx', mode), async (file) => {
      await file.chmod(mode);
      await file.writeFile(data);
      await file.sync();
    });
    await rename(temporary, path);
    renamed = true;
    await syncDirectory(directory);
  } catch (error) {
    if (!renamed) await rm(temporary, { force: true }).catch(() => undefined);
    const errno = (error as NodeJS.ErrnoException).code;
    throw platformErrors.error('FILE_WRITE_FAILED', `Cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
      details: { path, errno },
    });
  }
}

/** Makes a rename in this directory durable. Windows has no such call, and its journal orders renames. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  await withFile(await open(directory, 'r'), (handle) => handle.sync());
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
