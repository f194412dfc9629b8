import type { Clock, Logger } from '@mainstay/core';

import type { LogRules } from '../manifest/types.ts';
import type { LogFileSystem } from './file-system.ts';
import type { InstanceLog } from './instance-log.ts';

/** What an instance's log needs of the store that it belongs to. */
export interface LogStoreCore {
  readonly directory: string;
  readonly fileSystem: LogFileSystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes of the text, in a buffer that is good until the next call. */
  encode(text: string): Buffer;
  /** The wall time now, as it is written. */
  stamp(): string;
  /** For the next rotated file. */
  nextNumber(): number;
  /** Size at which a file is rotated, which is less than `rotateBytes` where the bound on the total is small. */
  limitOf(rules: LogRules): number;
  /** Removes the oldest rotated file of all; false when there is none. */
  makeRoom(): boolean;
  /** A file has been rotated. */
  rotated(log: InstanceLog): void;
  /** There is more, or less, that waits for the disk, in bytes. */
  pendingChanged(difference: number): void;
  /** Nothing more may wait: what all files have pending is at its bound. */
  isFull(): boolean;
  /** Writing has begun to fail; `retry` is wanted. */
  failed(log: InstanceLog, error: unknown): void;
  /** So many bytes have reached a file. */
  written(bytes: number): void;
}
