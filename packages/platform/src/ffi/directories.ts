import { tmpdir } from 'node:os';
import { join, win32 } from 'node:path';

/** A place for the library. What exists above `base` is trusted, what is below it is made and checked. */
export interface LibraryDirectory {
  readonly base: string;
  /** Folders below it, from the top. */
  readonly below: readonly string[];
  /** POSIX: the user that has to own the folders and the file, besides root; undefined where there are no such ids. */
  readonly uid: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the library may be placed, best first. On Windows nothing but inherited permissions protects it, as setting
 * any needs the library itself:
 * - `%ProgramFiles%` can be written by administrators only. `install` runs as one and leaves the library there, so the
 *   service finds it whatever its account is.
 * - `%LOCALAPPDATA%` can be written by the account itself and by administrators; a service's virtual account has its own.
 * `%ProgramData%` is neither: every user may create folders in it.
 */
export function libraryDirectories(
  platform: NodeJS.Platform = process.platform,
  env: Environment = process.env,
): LibraryDirectory[] {
  const directories: LibraryDirectory[] = [];
  if (platform === 'win32') {
    for (const base of [env['ProgramFiles'], env['LOCALAPPDATA']]) {
      if (isLocalPath(base)) directories.push({ base, below: ['Mainstay', 'native'], uid: undefined });
    }
    return directories;
  }
  const uid = process.geteuid?.();
  for (const variable of ['RUNTIME_DIRECTORY', 'STATE_DIRECTORY']) {
    const base = env[variable]?.split(':')[0];
    if (base) directories.push({ base, below: ['native'], uid });
  }
  // The sticky bit keeps others from replacing a folder of ours; one that was there before is checked.
  directories.push({ base: tmpdir(), below: [`mainstay-${uid}`, 'native'], uid });
  return directories;
}

/** On a drive of this machine: a share or a device path is not ours to trust. */
function isLocalPath(path: string | undefined): path is string {
  return path !== undefined && win32.isAbsolute(path) && /^[a-z]:\\/i.test(path);
}

/** The folders to make, from the top, and the last of them. */
export function foldersOf(directory: LibraryDirectory, hash: string): { folders: string[]; last: string } {
  const folders: string[] = [];
  let last = directory.base;
  for (const name of [...directory.below, hash]) {
    last = join(last, name);
    folders.push(last);
  }
  return { folders, last };
}
