import type { Clock, Logger, Timer } from '@mainstay/core';

import type { LogFileSystem } from './file-system.ts';
import type { InstanceLog } from './instance-log.ts';
import { pathOfSegment, type Segment, unfinishedSuffix } from './segments.ts';

export interface CompressionOptions {
  readonly fileSystem: LogFileSystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a rotated file stays as it is, in ms. */
  readonly afterMs: number;
  /** A file has become smaller by so many bytes. */
  readonly onShrunk: (bytes: number) => void;
}

interface Task {
  readonly log: InstanceLog;
  readonly segment: Segment;
  readonly due: number;
}

/**
 * Compresses rotated files, one at a time and not at once: of a service that fills file after file most are gone by
 * then, and compressing them would have been for nothing.
 */
export class Compression {
  readonly #options: CompressionOptions;
  readonly #tasks: Task[] = [];
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: CompressionOptions) {
    this.#options = options;
  }

  add(log: InstanceLog, segment: Segment): void {
    this.#tasks.push({ log, segment, due: this.#options.clock.monotonic() + this.#options.afterMs });
    this.#next();
  }

  /** Waits for the file that is being compressed; the others are for the next agent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.clear();
    this.#timer = undefined;
    await this.#running;
  }

  #next(): void {
    if (this.#isClosed || this.#running || this.#timer) return;
    while (this.#tasks[0]?.segment.removed) this.#tasks.shift();
    const task = this.#tasks[0];
    if (!task) return;
    this.#timer = this.#options.clock.setTimer(
      Math.max(0, task.due - this.#options.clock.monotonic()),
      () => {
        this.#timer = undefined;
        this.#tasks.shift();
        this.#running = this.#compress(task).finally(() => {
          this.#running = undefined;
          this.#next();
        });
      },
    );
  }

  async #compress({ log, segment }: Task): Promise<void> {
    if (segment.removed) return;
    const { fileSystem, onShrunk } = this.#options;
    const from = pathOfSegment(log.folder, log.instance, segment);
    const to = pathOfSegment(log.folder, log.instance, { ...segment, compressed: true });
    const unfinished = to + unfinishedSuffix;
    try {
      const bytes = await fileSystem.compress('COMPRESS', from, unfinished);
      if (segment.removed) {
        fileSystem.remove('CLEAN', unfinished);
        return;
      }
      fileSystem.setTime('STAMP_ROTATED', unfinished, segment.lastTime);
      fileSystem.rename('COMPRESS', unfinished, to);
      onShrunk(segment.bytes - bytes);
      segment.bytes = bytes;
      segment.compressed = true;
      fileSystem.remove('CLEAN', from);
    } catch (error) {
      this.#options.log.warn(
        { err: error, path: from },
        'A log file could not be compressed; it stays as it is',
      );
      if (!segment.compressed) this.#clean(unfinished);
    }
  }

  #clean(path: string): void {
    try {
      this.#options.fileSystem.remove('CLEAN', path);
    } catch {
      // The next agent removes it; that it is there has been logged with why.
    }
  }
}
