import { readFileSync } from 'node:fs';

import { ffi } from '../ffi/index.ts';

/** MADV_DONTNEED of madvise(2), the same on all of Linux's architectures (asm-generic/mman-common.h). */
const dontNeed = 4;

type Madvise = (address: number, length: number, advice: number) => number;

/** Found once, because the library of the FFI keeps each function that it makes. */
let madvise: Madvise | undefined;

/** Head of a mapping of a file that cannot be written to: `from-to r-xp offset device inode path` (proc_pid_maps(5)). */
const readOnlyFile = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ [1-9]\d* +\/./;

/** A mapping, from its first address to the one behind its last. */
export interface Mapping {
  readonly from: number;
  readonly to: number;
}

/**
 * The mappings in a text of /proc/PID/smaps (proc_pid_smaps(5)) whose pages are all their file's. A linker writes to some
 * (relocations) before it makes them read-only: those have pages of their own, and giving them up would lose them. Pure.
 */
export function mappingsOfFilesAlone(smaps: string): readonly Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | undefined;
  for (const line of smaps.split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) {
      const [, from = '', to = ''] = readOnlyFile.exec(line) ?? [];
      current = from === '' ? undefined : { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) };
    } else if (current && /^Anonymous: +0 kB$/.test(line)) found.push(current);
  }
  return found;
}

/**
 * Gives the pages of program and libraries back that hold what only a start needs: code that runs once, the parts of a
 * snapshot that have been read. They stay in the page cache, and come back when they are used (madvise(2): "subsequent
 * accesses … repopulate the memory contents from the up-to-date contents of the underlying mapped file").
 *
 * Linux only; elsewhere it does nothing. Throws FFI_UNAVAILABLE.
 */
export function releaseProgramPages(): void {
  if (process.platform !== 'linux') return;
  madvise ??= ffi().load(null).func('int madvise(uintptr_t address, size_t length, int advice)') as Madvise;
  for (const { from, to } of mappingsOfFilesAlone(readFileSync('/proc/self/smaps', 'utf8')))
    madvise(from, to - from, dontNeed);
}
