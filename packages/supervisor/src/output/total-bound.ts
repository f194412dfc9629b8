import type { Logger } from '@mainstay/core';

import type { LogRules } from '../manifest/types.ts';
import type { LogFileSystem } from './file-system.ts';
import type { InstanceLog } from './instance-log.ts';
import { pathOfSegment } from './segments.ts';

/** Files are not cut smaller than this for a small bound, in bytes. */
const minFileBytes = 16 * 1024;
/** The total is looked at whenever this part of it has been written. */
const parts = 64;

export interface TotalBoundOptions {
  /** Bound on all files together, in bytes. */
  readonly totalBytes: number;
  readonly logs: ReadonlyMap<string, InstanceLog>;
  readonly fileSystem: LogFileSystem;
  readonly log: Logger;
}

/** Keeps all files together below a bound: the oldest rotated ones go, whichever service they are of. */
export class TotalBound {
  filesDropped = 0;
  readonly #options: TotalBoundOptions;
  #totalBytes: number;
  #rotatedBytes = 0;
  /** Bytes since the total was looked at. */
  #uncounted = 0;

  constructor(options: TotalBoundOptions) {
    this.#options = options;
    this.#totalBytes = options.totalBytes;
  }

  get bytesOnDisk(): number {
    let bytes = this.#rotatedBytes;
    for (const { current } of this.#options.logs.values()) bytes += current.bytes;
    return bytes;
  }

  /** Another bound from now on. */
  move(totalBytes: number): void {
    this.#totalBytes = totalBytes;
    this.hold();
  }

  /** Size at which a file is rotated: less than its rules say where the bound is small. */
  limitOf({ rotateBytes }: LogRules): number {
    const share = Math.floor(this.#totalBytes / this.#options.logs.size);
    return Math.min(rotateBytes, Math.max(minFileBytes, share));
  }

  /** So many bytes have been written to a file. */
  written(bytes: number): void {
    this.#uncounted += bytes;
    if (this.#uncounted > this.#totalBytes / parts) this.hold();
  }

  /** The rotated files of all have become larger by so many bytes, or smaller. */
  rotatedChanged(bytes: number): void {
    this.#rotatedBytes += bytes;
  }

  /** Is called before a 64th more has been written, and leaves room for that. */
  hold(): void {
    this.#uncounted = 0;
    let bytes = this.bytesOnDisk;
    while (bytes > this.#totalBytes - this.#totalBytes / parts) {
      const before = this.#rotatedBytes;
      if (!this.dropOldest('The logs are at the bound of their size: the oldest file was removed')) return;
      bytes -= before - this.#rotatedBytes;
    }
  }

  /** False when there is none. The number says which is the oldest, whatever the clock did meanwhile. */
  dropOldest(why: string): boolean {
    let oldest: InstanceLog | undefined;
    for (const log of this.#options.logs.values()) {
      const number = log.rotated[0]?.number;
      if (number !== undefined && number < (oldest?.rotated[0]?.number ?? Infinity)) oldest = log;
    }
    if (!oldest) return false;
    this.filesDropped++;
    this.#options.log.info({ service: oldest.service, instance: oldest.instance }, why);
    this.#drop(oldest);
    return true;
  }

  /** Removes what an instance has more than its rules allow. */
  dropBeyond(log: InstanceLog, keep: number): void {
    while (log.rotated.length > keep) this.#drop(log);
  }

  #drop(log: InstanceLog): void {
    const segment = log.rotated.shift();
    if (!segment) return;
    segment.removed = true;
    this.#rotatedBytes -= segment.bytes;
    const path = pathOfSegment(log.folder, log.instance, segment);
    try {
      this.#options.fileSystem.remove('DROP', path);
    } catch (error) {
      this.#options.log.warn({ err: error, path }, 'An old log file could not be removed');
    }
  }
}
