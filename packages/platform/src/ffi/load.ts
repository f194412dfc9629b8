import { messageOf } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { loadAnonymously } from './anonymous.ts';
import { libraryDirectories, type LibraryDirectory } from './directories.ts';
import { hashOf, type EmbeddedLibrary } from './library.ts';
import { placeLibrary } from './place.ts';

/** What `process.dlopen` fills. */
export interface NativeModule {
  exports: object;
}

export interface LoadOptions {
  /** @default process.dlopen */
  readonly dlopen?: (module: NativeModule, path: string) => void;
  /** Where it may be placed, best first. @default those of this platform */
  readonly directories?: readonly LibraryDirectory[];
  /** Where a file without a name may be made, best first; empty for none. @default Linux: the usual ones */
  readonly anonymousIn?: readonly string[];
}

/**
 * Checks a library and loads it: on Linux from a file without a name, which nobody else can open; elsewhere from a
 * directory that only administrators or this account can write, under the name of its hash.
 * Throws FFI_TAMPERED, FFI_UNAVAILABLE.
 */
export function loadLibrary(library: EmbeddedLibrary, module: NativeModule, options: LoadOptions = {}): void {
  if (hashOf(library.bytes) !== library.sha256) {
    throw platformErrors.error(
      'FFI_TAMPERED',
      `The FFI library inside ${process.execPath} is not the one that was built into it; copy the executable again from where it was built`,
    );
  }
  const dlopen = options.dlopen ?? ((target, path) => process.dlopen(target, path));
  const failures: Error[] = [];
  for (const directory of options.anonymousIn ?? anonymousDirectories()) {
    const failure = loadAnonymously(library.bytes, directory, (path) => dlopen(module, path));
    if (!failure) return;
    failures.push(failure);
  }
  for (const directory of options.directories ?? libraryDirectories()) {
    const failure = loadPlaced(library, directory, (path) => dlopen(module, path));
    if (!failure) return;
    failures.push(failure);
  }
  throw platformErrors.error(
    'FFI_UNAVAILABLE',
    `There is no directory to load the FFI library from: ${failures.map(messageOf).join('; ')}`,
    { cause: new AggregateError(failures) },
  );
}

function loadPlaced(
  library: EmbeddedLibrary,
  directory: LibraryDirectory,
  load: (path: string) => void,
): Error | undefined {
  const placed = placeLibrary(library, directory);
  if (placed.path === undefined) return placed.failure;
  try {
    load(placed.path);
    return undefined;
  } catch (error) {
    // Mounted noexec, or forbidden by a policy: another directory may do.
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** systemd's own directories are never mounted noexec; /dev/shm is memory; the others are what is left. */
function anonymousDirectories(): readonly string[] {
  if (process.platform !== 'linux') return [];
  const { RUNTIME_DIRECTORY, STATE_DIRECTORY, TMPDIR } = process.env;
  const candidates = [
    RUNTIME_DIRECTORY?.split(':')[0],
    '/dev/shm',
    TMPDIR,
    '/tmp',
    STATE_DIRECTORY?.split(':')[0],
  ];
  return candidates.filter((path): path is string => path !== undefined && path !== '');
}
