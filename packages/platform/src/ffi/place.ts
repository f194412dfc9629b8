import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isAppError } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { foldersOf, type LibraryDirectory } from './directories.ts';
import { hashOf, type EmbeddedLibrary } from './library.ts';

export type Placed =
  | { readonly path: string; readonly failure?: never }
  | { readonly path?: never; readonly failure: Error };

/**
 * Makes sure that the library lies in the directory, under its hash, and that it is the right one. A directory that
 * cannot be used (read-only, no right to write, not ours) is a returned failure: the next one is tried. A wrong file
 * in a directory that only we can write is FFI_TAMPERED: someone with our rights put it there.
 *
 * Two processes may do this at once: each writes a file of its own and renames it, and all of them are the same.
 */
export function placeLibrary(library: EmbeddedLibrary, directory: LibraryDirectory): Placed {
  try {
    const { folders, last } = foldersOf(directory, library.sha256);
    for (const folder of folders) makeFolder(folder, directory.uid);
    const path = join(last, 'koffi.node');
    if (!isThere(path, library.sha256, directory.uid)) write(path, library, directory.uid);
    return { path };
  } catch (error) {
    if (isAppError(error) && error.code === 'FFI_TAMPERED') throw error;
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

function makeFolder(folder: string, uid: number | undefined): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const stats = lstatSync(folder);
  // A junction is a symbolic link to lstat.
  if (!stats.isDirectory()) throw new Error(`${folder} is not a directory, or a link to one`);
  const problem = ownershipProblem(stats, uid);
  if (problem) throw new Error(`${folder} ${problem}`);
}

/** Read and checked through one descriptor, so that what was checked is what was read. */
function isThere(path: string, sha256: string, uid: number | undefined): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw tampered(path, 'cannot be opened, or is a link', error);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw tampered(path, 'is not a file');
    const problem = ownershipProblem(stats, uid);
    if (problem) throw tampered(path, problem);
    if (hashOf(readFileSync(descriptor)) !== sha256)
      throw tampered(path, 'has another content than its name says');
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function write(path: string, library: EmbeddedLibrary, uid: number | undefined): void {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, library.bytes, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    // Windows does not replace a library in use: the other process was faster.
    if (!isThere(path, library.sha256, uid)) throw error;
    return;
  }
  if (!isThere(path, library.sha256, uid)) throw tampered(path, 'went away while it was being placed');
}

function ownershipProblem(stats: Stats, uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined;
  if (stats.uid !== uid && stats.uid !== 0) return `belongs to user ${stats.uid}`;
  if ((stats.mode & 0o022) !== 0) return 'can be written by others';
  return undefined;
}

function tampered(path: string, what: string, cause?: unknown): Error {
  return platformErrors.error(
    'FFI_TAMPERED',
    `The FFI library ${path} ${what}; remove it after finding out who put it there`,
    cause === undefined ? { details: { path } } : { cause, details: { path } },
  );
}
