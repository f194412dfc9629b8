import type { Clock, Logger } from '@mainstay/core';
import { join } from 'node:path';

import type { LogRules } from '../manifest/types.ts';
import { codeOf, type LogFileFacts, type LogFileSystem } from './file-system.ts';
import { headerOf, parsePiece } from './line-format.ts';
import { PendingOutput } from './pending-output.ts';
import { newSegment, pathOfSegment, type Segment } from './segments.ts';

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

/** A write that takes longer than this has met a slow disk, in ms; from then on the file is written in the background. */
const slowWriteMs = 50;
/** What one file may have pending, in bytes. */
export const maxPendingBytes = 1024 * 1024;
/** One write in the background, in bytes. */
const batchBytes = 256 * 1024;
/** How often it is looked whether the file is still where it was, in ms. */
const checkEveryMs = 1000;
/** After a rotation that failed, in ms. */
const rotateAgainMs = 10_000;
/** Evidence for `why`, read from the end of the file, in bytes. */
const tailBytes = 16 * 1024;

/**
 * The log of one instance: the file that is written, and those that were rotated.
 *
 * INVARIANTS:
 * - The file ends with a line feed whenever a call has returned: a write that was cut short is taken back.
 * - Lines reach the file in the order in which they were appended; while some are pending, all that follow are too.
 * - A file is rotated only where no line is open, unless one stays open for `limit + 1 MiB` more.
 *
 * A healthy disk is written to by plain calls at once: what an agent that is killed has read is then in the kernel's
 * hands, and no buffer is kept. When a call was slow, the file is written in the background until nothing is pending.
 */
export class InstanceLog {
  readonly service: string;
  readonly instance: number;
  readonly folder: string;
  /** Oldest first. */
  readonly rotated: Segment[] = [];
  current: Segment = newSegment();
  rules: LogRules;
  /** Lines that have begun and not ended: of each run at most one per stream. */
  openLines = 0;
  /** Runs that write to it. */
  runs = 0;
  bytes = 0;
  lines = 0;
  rotations = 0;
  /** Why it cannot be written, for people. */
  failing: string | undefined;
  readonly #core: LogStoreCore;
  readonly #pending = new PendingOutput();
  #fd: number | undefined;
  #identity = '';
  #checkedAt = 0;
  /** Monotonic. */
  #startedAt = 0;
  #rotateNotBefore = 0;
  #isSlow = false;
  #isWriting = false;
  #lostLines = 0;
  /** Last lines of the file before this one, for as long as this one is shorter. */
  #tailBefore = '';
  readonly #idleCallbacks: (() => void)[] = [];

  constructor(core: LogStoreCore, service: string, instance: number, rules: LogRules) {
    this.#core = core;
    this.service = service;
    this.instance = instance;
    this.folder = join(core.directory, service);
    this.rules = rules;
  }

  get fileSystem(): LogFileSystem {
    return this.#core.fileSystem;
  }

  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /** False: the program should wait. While the disk fails it never does. */
  get isWritable(): boolean {
    return this.failing !== undefined || (this.#pending.bytes < maxPendingBytes && !this.#core.isFull());
  }

  get isIdle(): boolean {
    return this.#pending.isEmpty && !this.#isWriting;
  }

  /** True when the file has reached its bounds, or may have when what is pending is in it. */
  get mayRotate(): boolean {
    return !this.isIdle || this.#isDue();
  }

  /** @param clean no line was open before */
  append(text: string, lines: number, clean: boolean): void {
    this.lines += lines;
    if (!this.isIdle || this.#isSlow || this.failing !== undefined) {
      this.#enqueue(text, lines, clean);
      this.#drain();
      return;
    }
    const { clock } = this.#core;
    const bytes = this.#core.encode(text);
    const before = clock.monotonic();
    if (!this.#writeNow(bytes, clean)) this.#enqueue(text, lines, clean);
    else if (clock.monotonic() - before > slowWriteMs) this.#isSlow = true;
  }

  /** Resolves when nothing is pending, or writing fails. */
  settled(): Promise<void> {
    if (this.isIdle || (this.failing !== undefined && !this.#isWriting)) return Promise.resolve();
    return new Promise((resolve) => this.#idleCallbacks.push(resolve));
  }

  /** Tries again after a failure. */
  retry(): void {
    if (this.failing === undefined || this.#isWriting) return;
    if (this.#lostLines > 0 && !this.#writeNow(this.#core.encode(this.#lossNotice()), false)) return;
    this.#lostLines = 0;
    for (let unit = this.#pending.units[0]; unit; unit = this.#pending.units[0]) {
      if (!this.#writeNow(unit.bytes, unit.clean)) return;
      this.#shift();
    }
    this.#core.log.info({ service: this.service, instance: this.instance }, 'The log can be written again');
    this.failing = undefined;
    this.#tellIdle();
  }

  /** Gives the descriptor back; the next line opens the file again. */
  close(): void {
    if (this.#fd === undefined || this.#isWriting) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      this.#core.fileSystem.close('CLOSE_CURRENT', fd);
    } catch (error) {
      this.#core.log.warn({ err: error, path: this.path }, 'A log file could not be closed');
    }
  }

  get path(): string {
    return pathOfSegment(this.folder, this.instance, this.current);
  }

  /** The end of the log as Latin-1, with what is pending; whole lines but for the first. */
  tail(): string {
    const pending = this.#pending.units.map(({ bytes }) => bytes.toString('latin1')).join('');
    const tail = this.#readTail() + pending;
    return tail.length < tailBytes ? this.#tailBefore + tail : tail;
  }

  #readTail(): string {
    const { fileSystem } = this.#core;
    const { bytes } = this.current;
    if (bytes === 0) return '';
    try {
      const fd = fileSystem.open('READ', this.path, 'r');
      try {
        const buffer = Buffer.allocUnsafe(Math.min(bytes, tailBytes));
        return buffer.toString('latin1', 0, fileSystem.read('READ', fd, buffer, bytes - buffer.length));
      } finally {
        fileSystem.close('READ', fd);
      }
    } catch {
      // Somebody has removed it; what was in it is no evidence any more.
      return '';
    }
  }

  #enqueue(text: string, lines: number, clean: boolean): void {
    this.#pending.push({ bytes: Buffer.from(text, 'latin1'), lines, clean });
    this.#core.pendingChanged(text.length);
    this.#dropOverflow();
  }

  /** While the disk fails the program goes on: what is oldest goes, and is counted. */
  #dropOverflow(): void {
    while (
      this.failing !== undefined &&
      !this.#isWriting &&
      this.#pending.units.length > 1 &&
      (this.#pending.bytes > maxPendingBytes || this.#core.isFull())
    ) {
      this.#lostLines += this.#pending.units[0]?.lines ?? 0;
      this.#shift();
    }
  }

  #shift(): void {
    const unit = this.#pending.shift();
    if (unit) this.#core.pendingChanged(-unit.bytes.length);
  }

  #drain(): void {
    if (this.#isWriting || this.failing !== undefined || this.#pending.isEmpty) return;
    const batch = this.#pending.batch(batchBytes);
    const bytes =
      batch.length === 1
        ? (batch[0] as (typeof batch)[0]).bytes
        : Buffer.concat(batch.map((unit) => unit.bytes));
    try {
      this.#rotateIfDue(batch[0]?.clean ?? false);
      const fd = this.#open();
      this.#isWriting = true;
      this.#core.fileSystem.writeInBackground('APPEND', fd, bytes, (error, written) => {
        this.#isWriting = false;
        this.#written(batch.length, bytes.length, error, written);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #written(units: number, wanted: number, error: NodeJS.ErrnoException | null, written: number): void {
    if (error || written < wanted) {
      this.#takeBack();
      // A short write is tried again by a plain call, which says what is the matter.
      this.#fail(error ?? new Error('The log was written in part only'));
      this.retry();
      return;
    }
    this.#grown(wanted);
    for (let count = 0; count < units; count++) this.#shift();
    if (this.#pending.isEmpty) {
      this.#isSlow = false;
      this.#tellIdle();
    } else this.#drain();
  }

  /** False when it failed, and the file is as before. */
  #writeNow(bytes: Buffer, clean: boolean): boolean {
    for (;;) {
      try {
        this.#rotateIfDue(clean);
        const fd = this.#open();
        for (let at = 0; at < bytes.length;)
          at += this.#core.fileSystem.write('APPEND', fd, at === 0 ? bytes : bytes.subarray(at));
        this.#grown(bytes.length);
        return true;
      } catch (error) {
        this.#takeBack();
        if (isNoSpace(error) && this.#core.makeRoom()) continue;
        this.#fail(error);
        return false;
      }
    }
  }

  #grown(bytes: number): void {
    this.current.bytes += bytes;
    this.current.lastTime = this.#core.clock.now();
    this.bytes += bytes;
    this.#core.written(bytes);
  }

  #takeBack(): void {
    if (this.#fd === undefined) return;
    try {
      this.#core.fileSystem.truncate('UNDO_APPEND', this.#fd, this.current.bytes);
    } catch (error) {
      this.#core.log.warn({ err: error, path: this.path }, 'Part of a line stays in the log');
    }
    // Opened again at the next try: whatever ails the descriptor goes with it.
    this.close();
  }

  #fail(error: unknown): void {
    const isNew = this.failing === undefined;
    this.failing = error instanceof Error ? error.message : String(error);
    this.#dropOverflow();
    this.#tellIdle();
    if (isNew) this.#core.failed(this, error);
  }

  #tellIdle(): void {
    for (const callback of this.#idleCallbacks.splice(0)) callback();
    this.#core.pendingChanged(0);
  }

  #lossNotice(): string {
    const header = headerOf(this.#core.stamp(), 'stderr', 'F', `${this.service}/${this.instance}#0`);
    return `${header}Mainstay: ${this.#lostLines} lines were lost here, because the log could not be written\n`;
  }

  /** Opens the file, or opens it again when somebody has moved or removed it. */
  #open(): number {
    const { fileSystem, clock } = this.#core;
    const now = clock.monotonic();
    if (this.#fd !== undefined && now - this.#checkedAt >= checkEveryMs) {
      this.#checkedAt = now;
      const facts = this.#factsOfCurrent();
      if (facts?.identity !== this.#identity) this.close();
      else if (facts.bytes !== this.current.bytes) {
        this.#forgetReplaced(facts);
        this.current.bytes = facts.bytes;
      }
    }
    if (this.#fd !== undefined) return this.#fd;
    const fd = this.#openCurrent();
    try {
      const facts = fileSystem.factsOf('OPEN_CURRENT', fd);
      this.#forgetReplaced(facts);
      this.#identity = facts.identity;
      this.current.bytes = facts.bytes;
      this.#startedAt = facts.bytes === 0 ? now : now - this.#ageOfCurrent();
    } catch (error) {
      fileSystem.close('CLOSE_CURRENT', fd);
      throw error;
    }
    this.#checkedAt = now;
    this.#fd = fd;
    return fd;
  }

  /** Somebody has put another file in the place of ours, or emptied it: readers begin again. */
  #forgetReplaced(facts: LogFileFacts): void {
    if ((this.#identity === '' || facts.identity === this.#identity) && facts.bytes >= this.current.bytes)
      return;
    this.current.removed = true;
    this.current = newSegment();
  }

  #openCurrent(): number {
    const { fileSystem } = this.#core;
    try {
      return fileSystem.open('OPEN_CURRENT', this.path, 'a');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      fileSystem.makeDirectory('MAKE_DIRECTORY', this.folder);
      return fileSystem.open('OPEN_CURRENT', this.path, 'a');
    }
  }

  #factsOfCurrent(): LogFileFacts | undefined {
    try {
      return this.#core.fileSystem.factsOf('CHECK_CURRENT', this.path);
    } catch {
      return undefined;
    }
  }

  /** Of a file of an earlier agent, in ms: since its first line. */
  #ageOfCurrent(): number {
    if (this.rules.rotateAgeMs === undefined) return 0;
    const { fileSystem, clock } = this.#core;
    const fd = fileSystem.open('READ', this.path, 'r');
    try {
      const start = Buffer.alloc(512);
      const piece = parsePiece(start.toString('latin1', 0, fileSystem.read('READ', fd, start, 0)));
      return piece ? Math.max(0, clock.now() - piece.time) : 0;
    } finally {
      fileSystem.close('READ', fd);
    }
  }

  #isDue(): boolean {
    if (this.current.bytes === 0) return false;
    const { rotateAgeMs } = this.rules;
    const { clock } = this.#core;
    if (this.current.bytes >= this.#core.limitOf(this.rules))
      return clock.monotonic() >= this.#rotateNotBefore;
    // Before the file is open its age is not known.
    if (rotateAgeMs === undefined || this.#fd === undefined) return false;
    return clock.monotonic() - this.#startedAt >= Math.max(1000, rotateAgeMs);
  }

  #rotateIfDue(clean: boolean): void {
    if (this.#fd === undefined && this.rules.rotateAgeMs !== undefined) this.#open();
    if (!this.#isDue()) return;
    if (!clean && this.current.bytes < this.#core.limitOf(this.rules) + maxPendingBytes) return;
    this.#rotate();
  }

  #rotate(): void {
    const { fileSystem, log, clock } = this.#core;
    const rotated: Segment = { ...this.current, number: this.#core.nextNumber() };
    const to = pathOfSegment(this.folder, this.instance, rotated);
    const tail = this.tail();
    this.close();
    try {
      fileSystem.rename('ROTATE', this.path, to);
    } catch (error) {
      if (isNoSpace(error)) throw error;
      this.#rotateNotBefore = clock.monotonic() + rotateAgainMs;
      log.warn({ err: error, path: this.path }, 'A log file could not be rotated; it grows for now');
      return;
    }
    this.#tailBefore = lastLinesOf(tail);
    // The segment that readers hold becomes the rotated one.
    this.current.number = rotated.number;
    this.rotated.push(this.current);
    this.#stamp(to);
    this.current = newSegment();
    this.#identity = '';
    this.rotations++;
    this.#core.rotated(this);
  }

  /** So that a reader who asks for the last hour need not open what is older. */
  #stamp(path: string): void {
    try {
      this.#core.fileSystem.setTime('STAMP_ROTATED', path, this.current.lastTime);
    } catch (error) {
      this.#core.log.debug({ err: error, path }, 'The time of a log file could not be set');
    }
  }
}

/** What other files leave when they go. */
function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

/** At most ten lines. */
function lastLinesOf(tail: string): string {
  return tail.split('\n').slice(-11).join('\n');
}
