import type { LogRules } from '../manifest/types.ts';
import { isNoSpace, type LogFileSystem } from './file-system.ts';
import { headerOf } from './line-format.ts';
import { LogFile, tailBytes } from './log-file.ts';
import { PendingOutput } from './pending-output.ts';
import type { Segment } from './segments.ts';
import type { LogStoreCore } from './store-core.ts';

/** A write that takes longer than this has met a slow disk, in ms; from then on the file is written in the background. */
const slowWriteMs = 50;
/** What one file may have pending, in bytes. */
export const maxPendingBytes = 1024 * 1024;
/** One write in the background, in bytes. */
const batchBytes = 256 * 1024;
/** After a rotation that failed, in ms. */
const rotateAgainMs = 10_000;

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
  /** Oldest first. */
  readonly rotated: Segment[] = [];
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
  readonly #file: LogFile;
  readonly #pending = new PendingOutput();
  /** Monotonic. */
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
    this.#file = new LogFile(core, service, instance);
    this.rules = rules;
  }

  get fileSystem(): LogFileSystem {
    return this.#core.fileSystem;
  }

  get folder(): string {
    return this.#file.folder;
  }

  /** Of the file that is written. */
  get path(): string {
    return this.#file.path;
  }

  /** The file that is written. */
  get current(): Segment {
    return this.#file.segment;
  }

  /** Goes on with what an earlier agent wrote. */
  adopt(current: Segment, rotated: readonly Segment[]): void {
    this.#file.segment = current;
    this.rotated.push(...rotated);
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
    if (!this.#isWriting) this.#file.close();
  }

  /** The end of the log as Latin-1, with what is pending; whole lines but for the first. */
  tail(): string {
    const pending = this.#pending.units.map(({ bytes }) => bytes.toString('latin1')).join('');
    const tail = this.#file.tail() + pending;
    return tail.length < tailBytes ? this.#tailBefore + tail : tail;
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
      this.#file.takeBack();
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
        this.#file.write(fd, bytes);
        this.#grown(bytes.length);
        return true;
      } catch (error) {
        this.#file.takeBack();
        if (isNoSpace(error) && this.#core.makeRoom()) continue;
        this.#fail(error);
        return false;
      }
    }
  }

  #grown(bytes: number): void {
    this.#file.grown(bytes);
    this.bytes += bytes;
    this.#core.written(bytes);
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

  #open(): number {
    return this.#file.open(this.rules.rotateAgeMs !== undefined);
  }

  #isDue(): boolean {
    if (this.current.bytes === 0) return false;
    const { rotateAgeMs } = this.rules;
    const { clock } = this.#core;
    if (this.current.bytes >= this.#core.limitOf(this.rules))
      return clock.monotonic() >= this.#rotateNotBefore;
    // Before the file is open its age is not known.
    if (rotateAgeMs === undefined || !this.#file.isOpen) return false;
    return this.#file.ageMs >= Math.max(1000, rotateAgeMs);
  }

  #rotateIfDue(clean: boolean): void {
    if (!this.#file.isOpen && this.rules.rotateAgeMs !== undefined) this.#open();
    if (!this.#isDue()) return;
    if (!clean && this.current.bytes < this.#core.limitOf(this.rules) + maxPendingBytes) return;
    this.#rotate();
  }

  #rotate(): void {
    const { log, clock } = this.#core;
    const tail = this.tail();
    try {
      this.rotated.push(this.#file.rotate(this.#core.nextNumber()));
    } catch (error) {
      if (isNoSpace(error)) throw error;
      this.#rotateNotBefore = clock.monotonic() + rotateAgainMs;
      log.warn({ err: error, path: this.path }, 'A log file could not be rotated; it grows for now');
      return;
    }
    this.#tailBefore = lastLinesOf(tail);
    this.rotations++;
    this.#core.rotated(this);
  }
}

/** At most ten lines. */
function lastLinesOf(tail: string): string {
  return tail.split('\n').slice(-11).join('\n');
}
