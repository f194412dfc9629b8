export type ReadOutcome =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array; /** Permission bits. */ readonly mode: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-large'; /** In bytes. */ readonly limit: number }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The seam to the disk; synchronous, because at start nothing else has anything to do. */
export interface FileReader {
  /** Reads a regular file of at most `limit` bytes. Never throws. */
  read(path: string, limit: number): ReadOutcome;
}

/** Files of this machine. Opens without blocking, so that a FIFO in place of a file is an error and not a hang. */
export const nodeFileReader: FileReader = {
  read(path, limit) {
    // Not `import … from 'node:fs'`: an ES module's import evaluates every lazy part of fs (promises, streams).
    const { closeSync, constants, fstatSync, openSync, statSync } = process.getBuiltinModule('node:fs');
    let descriptor: number | undefined;
    try {
      // Most candidates do not exist, and an error is dear to make.
      if (!statSync(path, { throwIfNoEntry: false })) return { kind: 'missing' };
      descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stat = fstatSync(descriptor);
      if (stat.isDirectory()) return { kind: 'unreadable', reason: 'it is a directory' };
      if (!stat.isFile()) return { kind: 'unreadable', reason: 'it is not a regular file' };
      const bytes = readUpTo(descriptor, limit + 1);
      return bytes.length > limit
        ? { kind: 'too-large', limit }
        : { kind: 'ok', bytes, mode: stat.mode & 0o777 };
    } catch (error) {
      return failure(error as NodeJS.ErrnoException);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  },
};

function failure(error: NodeJS.ErrnoException): ReadOutcome {
  // ENOTDIR: a file stands where the path needs a directory.
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return { kind: 'missing' };
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return { kind: 'unreadable', reason: 'this account may not read it' };
  }
  // Windows refuses to open a directory.
  if (error.code === 'EISDIR') return { kind: 'unreadable', reason: 'it is a directory' };
  return { kind: 'unreadable', reason: error.code ?? 'the system refused' };
}

/** The size that `fstat` gives is no promise (a growing file, `/proc`), so that the reading itself is bounded. */
function readUpTo(descriptor: number, limit: number): Uint8Array {
  const { readSync } = process.getBuiltinModule('node:fs');
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total < limit) {
    const chunk = new Uint8Array(Math.min(64 * 1024, limit - total));
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}
