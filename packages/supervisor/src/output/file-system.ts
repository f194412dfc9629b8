import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  write,
  writeSync,
} from 'node:fs';

import { makeDirectories } from '@mainstay/platform/directories';

/** What a call is for, so that a test can fail exactly one. */
export type LogFileLabel =
  | 'SCAN'
  | 'REPAIR'
  | 'MAKE_DIRECTORY'
  | 'OPEN_CURRENT'
  | 'CHECK_CURRENT'
  | 'APPEND'
  | 'UNDO_APPEND'
  | 'CLOSE_CURRENT'
  | 'ROTATE'
  | 'STAMP_ROTATED'
  | 'DROP'
  | 'CLEAN'
  | 'COMPRESS'
  | 'READ';

export interface LogFileFacts {
  readonly bytes: number;
  /** Tells apart two files that had the same path. */
  readonly identity: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** The calls of a log store on files. They fail as those of `node:fs` do, with an `ErrnoException`. */
export interface LogFileSystem {
  makeDirectory(label: LogFileLabel, path: string): void;
  /** Names in a directory, with what is a directory itself. */
  list(
    label: LogFileLabel,
    path: string,
  ): readonly { readonly name: string; readonly isDirectory: boolean }[];
  open(label: LogFileLabel, path: string, flags: 'a' | 'r' | 'r+'): number;
  close(label: LogFileLabel, fd: number): void;
  /** Bytes that were written, which may be fewer. */
  write(label: LogFileLabel, fd: number, bytes: Uint8Array): number;
  writeInBackground(
    label: LogFileLabel,
    fd: number,
    bytes: Uint8Array,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void;
  read(label: LogFileLabel, fd: number, into: Uint8Array, position: number): number;
  truncate(label: LogFileLabel, fd: number, bytes: number): void;
  factsOf(label: LogFileLabel, file: string | number): LogFileFacts;
  rename(label: LogFileLabel, from: string, to: string): void;
  remove(label: LogFileLabel, path: string): void;
  /** @param time milliseconds since the epoch */
  setTime(label: LogFileLabel, path: string, time: number): void;
  /** Makes the gzip file `to`, complete and on disk, or fails; resolves with its size. */
  compress(label: LogFileLabel, from: string, to: string): Promise<number>;
}

export const logFileSystem: LogFileSystem = {
  makeDirectory: (_label, path) => makeDirectories(path, { mode: 0o750 }),
  list: (_label, path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isDirectory: entry.isDirectory(),
    })),
  open: (_label, path, flags) => openSync(path, flags, 0o640),
  close: (_label, fd) => closeSync(fd),
  write: (_label, fd, bytes) => writeSync(fd, bytes, 0, bytes.byteLength, null),
  writeInBackground: (_label, fd, bytes, done) => write(fd, bytes, 0, bytes.byteLength, null, done),
  read: (_label, fd, into, position) => readSync(fd, into, 0, into.byteLength, position),
  truncate: (_label, fd, bytes) => ftruncateSync(fd, bytes),
  factsOf(_label, file) {
    const { size, dev, ino, mtimeMs } = typeof file === 'number' ? fstatSync(file) : statSync(file);
    return { bytes: size, identity: `${dev}:${ino}`, modifiedAt: mtimeMs };
  },
  rename: (_label, from, to) => renameSync(from, to),
  remove: (_label, path) => rmSync(path, { force: true }),
  setTime: (_label, path, time) => utimesSync(path, time / 1000, time / 1000),
  async compress(_label, from, to) {
    const { gzipFile } = await import('./gzip-file.ts');
    return gzipFile(from, to);
  },
};

/** The code of a failed call; empty for anything else that was thrown. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

/** What is missing comes back when other files go. */
export function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}
