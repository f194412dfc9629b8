import { join } from 'node:path';

import { codeOf, type LogFileFacts, type LogFileSystem } from './file-system.ts';
import { parsePiece } from './line-format.ts';
import { newSegment, pathOfSegment, type Segment } from './segments.ts';
import type { LogStoreCore } from './store-core.ts';

/** How often it is looked whether the file is still where it was, in ms. */
const checkEveryMs = 1000;
/** Evidence for `why`, read from the end of the file, in bytes. */
export const tailBytes = 16 * 1024;

/**
 * The file of an instance that is written. Somebody else may move, remove or empty it at any time: it is opened again
 * within a second then.
 */
export class LogFile {
  readonly folder: string;
  readonly instance: number;
  segment: Segment = newSegment();
  readonly #core: Pick<LogStoreCore, 'clock' | 'fileSystem' | 'log'>;
  #fd: number | undefined;
  #identity = '';
  #checkedAt = 0;
  /** Monotonic; of its first line. */
  #startedAt = 0;

  constructor(
    core: Pick<LogStoreCore, 'clock' | 'directory' | 'fileSystem' | 'log'>,
    service: string,
    instance: number,
  ) {
    this.#core = core;
    this.folder = join(core.directory, service);
    this.instance = instance;
  }

  get path(): string {
    return pathOfSegment(this.folder, this.instance, this.segment);
  }

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  /** Since its first line, in ms, once it is open. */
  get ageMs(): number {
    return this.#core.clock.monotonic() - this.#startedAt;
  }

  /**
   * Opens the file, or opens it again when somebody has moved or removed it.
   *
   * @param isAged its age is wanted: that of a file of an earlier agent takes reading
   */
  open(isAged: boolean): number {
    const { fileSystem, clock } = this.#core;
    const now = clock.monotonic();
    this.#check(now);
    if (this.#fd !== undefined) return this.#fd;
    const fd = this.#openPath();
    try {
      const facts = fileSystem.factsOf('OPEN_CURRENT', fd);
      this.#forgetReplaced(facts);
      this.#identity = facts.identity;
      this.segment.bytes = facts.bytes;
      this.#startedAt = facts.bytes === 0 || !isAged ? now : now - this.#writtenAge();
    } catch (error) {
      fileSystem.close('CLOSE_CURRENT', fd);
      throw error;
    }
    this.#checkedAt = now;
    this.#fd = fd;
    return fd;
  }

  /** Writes all of it, or throws; `takeBack` is for what was written then. */
  write(fd: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length;)
      at += this.#core.fileSystem.write('APPEND', fd, at === 0 ? bytes : bytes.subarray(at));
  }

  /** So many bytes more are in it. */
  grown(bytes: number): void {
    this.segment.bytes += bytes;
    this.segment.lastTime = this.#core.clock.now();
  }

  /** Cuts off what was written and does not count. */
  takeBack(): void {
    if (this.#fd === undefined) return;
    try {
      this.#core.fileSystem.truncate('UNDO_APPEND', this.#fd, this.segment.bytes);
    } catch (error) {
      this.#core.log.warn({ err: error, path: this.path }, 'Part of a line stays in the log');
    }
    // Opened again at the next try: whatever ails the descriptor goes with it.
    this.close();
  }

  /** Gives the descriptor back; the next write opens the file again. */
  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      this.#core.fileSystem.close('CLOSE_CURRENT', fd);
    } catch (error) {
      this.#core.log.warn({ err: error, path: this.path }, 'A log file could not be closed');
    }
  }

  /**
   * Gives the file the number of a rotated one, and begins another. The segment that readers hold becomes the rotated
   * one. Throws when it could not be renamed: it stays the one that is written then.
   */
  rotate(number: number): Segment {
    const { fileSystem, log } = this.#core;
    const to = pathOfSegment(this.folder, this.instance, { ...this.segment, number });
    this.close();
    fileSystem.rename('ROTATE', this.path, to);
    const rotated = this.segment;
    rotated.number = number;
    try {
      // So that a reader who asks for the last hour need not open what is older.
      fileSystem.setTime('STAMP_ROTATED', to, rotated.lastTime);
    } catch (error) {
      log.debug({ err: error, path: to }, 'The time of a log file could not be set');
    }
    this.segment = newSegment();
    this.#identity = '';
    return rotated;
  }

  /** The end of it as Latin-1. */
  tail(): string {
    const { fileSystem } = this.#core;
    const { bytes } = this.segment;
    if (bytes === 0) return '';
    try {
      return this.#reading((fd) => {
        const buffer = Buffer.allocUnsafe(Math.min(bytes, tailBytes));
        return buffer.toString('latin1', 0, fileSystem.read('READ', fd, buffer, bytes - buffer.length));
      });
    } catch {
      // Somebody has removed it; what was in it is no evidence any more.
      return '';
    }
  }

  #check(now: number): void {
    if (this.#fd === undefined || now - this.#checkedAt < checkEveryMs) return;
    this.#checkedAt = now;
    const facts = this.#factsOfPath();
    if (facts?.identity !== this.#identity) this.close();
    else if (facts.bytes !== this.segment.bytes) {
      this.#forgetReplaced(facts);
      this.segment.bytes = facts.bytes;
    }
  }

  /** Somebody has put another file in the place of ours, or emptied it: readers begin again. */
  #forgetReplaced(facts: LogFileFacts): void {
    if ((this.#identity === '' || facts.identity === this.#identity) && facts.bytes >= this.segment.bytes)
      return;
    this.segment.removed = true;
    this.segment = newSegment();
  }

  #openPath(): number {
    const { fileSystem } = this.#core;
    try {
      return fileSystem.open('OPEN_CURRENT', this.path, 'a');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      fileSystem.makeDirectory('MAKE_DIRECTORY', this.folder);
      return fileSystem.open('OPEN_CURRENT', this.path, 'a');
    }
  }

  #factsOfPath(): LogFileFacts | undefined {
    try {
      return this.#core.fileSystem.factsOf('CHECK_CURRENT', this.path);
    } catch {
      return undefined;
    }
  }

  /** By what its first line says, in ms. */
  #writtenAge(): number {
    const { fileSystem, clock } = this.#core;
    return this.#reading((fd) => {
      const start = Buffer.alloc(512);
      const piece = parsePiece(start.toString('latin1', 0, fileSystem.read('READ', fd, start, 0)));
      return piece ? Math.max(0, clock.now() - piece.time) : 0;
    });
  }

  #reading<Result>(use: (fd: number) => Result): Result {
    const { fileSystem }: { readonly fileSystem: LogFileSystem } = this.#core;
    const fd = fileSystem.open('READ', this.path, 'r');
    try {
      return use(fd);
    } finally {
      fileSystem.close('READ', fd);
    }
  }
}
