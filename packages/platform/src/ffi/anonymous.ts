import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** open(2): O_TMPFILE is its own bit and O_DIRECTORY, whose value differs by architecture. */
const openTemporary = 0o20000000 | constants.O_DIRECTORY;

/**
 * Loads a library from a file that never has a name (O_TMPFILE): there is nothing that somebody could replace between
 * the check and the load, and nothing is left behind. Not every file system can (then, or where it is mounted noexec,
 * the error is returned).
 */
export function loadAnonymously(
  bytes: Uint8Array,
  directory: string,
  load: (path: string) => void,
): Error | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(directory, constants.O_RDWR | openTemporary, 0o600);
    for (let written = 0; written < bytes.length;) {
      written += writeSync(descriptor, bytes, written, bytes.length - written);
    }
    load(`/proc/self/fd/${descriptor}`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
