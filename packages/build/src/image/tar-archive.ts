import { Header } from 'tar';

/** Something to be put into an archive; owned by root unless said otherwise. */
export interface TarEntry {
  /** Without a leading slash; at most 100 bytes. */
  readonly path: string;
  readonly mode: number;
  /** Content of a file, in parts; absent for a folder. */
  readonly content?: readonly Uint8Array[];
  readonly uid?: number;
  readonly gid?: number;
}

const blockBytes = 512;

/**
 * A tar archive (POSIX ustar) in parts. Every time in it is the epoch's beginning and the order is the given one, so
 * the same entries give the same bytes.
 */
export function tarArchive(entries: readonly TarEntry[]): Uint8Array[] {
  const parts = entries.flatMap((entry): Uint8Array[] => {
    const content = entry.content ?? [];
    const size = byteLength(content);
    const isFolder = entry.content === undefined;
    const header = new Header({
      path: isFolder ? `${entry.path}/` : entry.path,
      mode: entry.mode,
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      size,
      mtime: new Date(0),
      type: isFolder ? 'Directory' : 'File',
      uname: '',
      gname: '',
    });
    const block = Buffer.alloc(blockBytes);
    if (header.encode(block)) throw new RangeError(`"${entry.path}" does not fit a tar header`);
    return [block, ...content, Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes)];
  });
  return [...parts, Buffer.alloc(2 * blockBytes)];
}

export function byteLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
