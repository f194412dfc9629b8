import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ffi } from '../ffi/index.ts';

/** Of the C library, where it has one; found once, because the library of the FFI keeps each function that it makes. */
let trim: ((keepBytes: number) => number) | null | undefined;

type CollectGarbage = (how: {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}) => void;

/**
 * Gives memory back that is free in the heaps of JavaScript and of the C library. V8 collects by itself when it needs
 * room, which an idle process does not: what a start or a burst has left would stay for as long as it runs. Takes 50 ms
 * of processor time for a heap of 10 MB, so it is for quiet moments.
 *
 * Throws FFI_UNAVAILABLE on Linux; elsewhere only JavaScript's heap is given back.
 */
export function releaseFreeMemory(): void {
  // First, so that what it takes to be loaded is given back as well.
  if (process.platform === 'linux' && trim === undefined) trim = findTrim();
  // Also gives up compiled code that has not run for a while, and makes the heap as small as it can be.
  garbageCollector()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  trim?.(0);
}

/** malloc_trim(3); null where the C library is not glibc. */
function findTrim(): ((keepBytes: number) => number) | null {
  try {
    return ffi().load(null).func('int malloc_trim(size_t pad)') as (keepBytes: number) => number;
  } catch (error) {
    if (error instanceof Error && /malloc_trim/.test(error.message)) return null;
    throw error;
  }
}

/** What `--expose-gc` gives, in a context of its own: the program's has it no more than before. */
function garbageCollector(): CollectGarbage {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as CollectGarbage;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
