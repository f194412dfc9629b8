import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface DirectoryModes {
  /** Of the directory itself; one that is there keeps its own. */
  readonly mode: number;
  /** Of the parents that are missing; `mode` when not given. */
  readonly parentMode?: number;
}

/**
 * Makes a directory with its parents, one level at a time, or takes the one that is there.
 *
 * Node's own `recursive` takes ENOENT for a missing parent, makes that, and tries again: where a file system says
 * ENOENT for everything, such as /proc (proc(5)), it never comes back, and no signal reaches the process any more.
 *
 * Throws what mkdir(2) said; ENOENT when the parent is there, and nothing can be made in it.
 */
export function makeDirectories(path: string, modes: DirectoryModes): void {
  const { mode, parentMode = mode } = modes;
  const parent = dirname(path);
  try {
    makeOne(path, mode);
  } catch (error) {
    if (!isMissing(error) || parent === path) throw error;
    makeDirectories(parent, { mode: parentMode });
    makeIn(parent, path, mode);
  }
}

function makeIn(parent: string, path: string, mode: number): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw Object.assign(new Error(`ENOENT: no directory can be made in ${parent}, mkdir '${path}'`), {
      code: 'ENOENT',
      syscall: 'mkdir',
      path,
      cause: error,
    });
  }
}

/** Whatever mkdir says of a directory that is there: EEXIST, and EROFS, EACCES or EPERM on some systems. */
function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
