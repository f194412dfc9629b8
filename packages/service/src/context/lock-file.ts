import {
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { identify, isAlive, type ProcessIdentity } from '@mainstay/platform';
import { serviceErrors } from '../errors.ts';
import type { DisposableFile } from './disposer.ts';

/** What a lock file holds, as JSON. */
interface Holder extends ProcessIdentity {
  readonly host: string;
}

const maxAttempts = 10;

/**
 * Makes a lock file for this process. It appears with its whole content (link(2) fails when the name exists), and one
 * whose process has ended is taken over: the pid must be gone, or belong to a process that began at another time.
 * A holder on another host cannot be judged from here, and counts as alive.
 *
 * Throws SERVICE_LOCKED, SERVICE_LOCK_FAILED.
 */
export function makeLockFile(path: string, tookOver: (stale: Holder) => void): DisposableFile {
  const content = `${JSON.stringify({ ...identify(process.pid), host: hostname() } satisfies Holder)}\n`;
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (tryCreate(path, content)) return { path, remove: () => removeOwn(path, content) };
      const found = readFileIfThere(path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (!holder) throw locked(path, 'something that is not a lock of ours; remove it if it is in the way');
      if (holder.host !== hostname()) {
        throw locked(
          path,
          `process ${holder.pid} on the host ${holder.host}; if that has ended, remove the file`,
        );
      }
      if (isAlive(holder)) {
        throw locked(path, `process ${holder.pid}, which runs`, holder.pid);
      }
      if (moveAway(path, found)) tookOver(holder);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'AppError') throw error;
    throw serviceErrors.error(
      'SERVICE_LOCK_FAILED',
      `Cannot make the lock file ${path}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  throw locked(path, 'processes that come and go');
}

function tryCreate(path: string, content: string): boolean {
  const directory = mkdtempSync(join(dirname(path), `.${basename(path)}.`));
  const draft = join(directory, 'lock');
  try {
    writeFileSync(draft, content, { mode: 0o644 });
    return tryLink(draft, path, content);
  } finally {
    unlinkSync(draft);
    rmdirSync(directory);
  }
}

function tryLink(draft: string, path: string, content: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // File systems without hard links (FAT, some network shares): the file may be seen empty for a moment.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
  }
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes a stale lock out of the way. Between reading and renaming another process may have done the same and made its
 * own: what was moved is looked at, and a lock that is not the stale one is put back.
 */
function moveAway(path: string, stale: string): boolean {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    if (readFileSync(aside, 'utf8') === stale) return true;
    tryLink(aside, path, readFileSync(aside, 'utf8'));
    return false;
  } finally {
    unlinkSync(aside);
  }
}

/** Only our own: if somebody removed it by hand, the one that is there belongs to another. */
function removeOwn(path: string, content: string): void {
  if (readFileIfThere(path) === content) unlinkSync(path);
}

function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started, host, namespace } = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof host !== 'string') return undefined;
    return { pid, started, host, namespace: typeof namespace === 'string' ? namespace : '' };
  } catch {
    return undefined;
  }
}

function locked(path: string, by: string, pid?: number): Error {
  return serviceErrors.error('SERVICE_LOCKED', `The lock file ${path} is held by ${by}`, {
    details: { path, ...(pid !== undefined && { pid }) },
  });
}
