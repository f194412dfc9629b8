import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
    await replace(temporary, path);
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

/** What Windows says of a file that somebody reads who does not share it, such as a virus scanner. */
const inUse: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Milliseconds between attempts: at first, doubled each time, at last; about a second in all. */
const firstWaitMs = 10;
const lastWaitMs = 640;

/** Renames over a file; on Windows again when that is in use, which mostly is over in a moment. */
async function replace(from: string, to: string): Promise<void> {
  for (let waitMs = firstWaitMs; ; waitMs *= 2) {
    try {
      return await rename(from, to);
    } catch (error) {
      const isBusy = process.platform === 'win32' && inUse.has((error as NodeJS.ErrnoException).code);
      if (!isBusy || waitMs > lastWaitMs) throw error;
    }
    await sleep(waitMs);
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
