import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { AppError } from '@mainstay/service';

interface Waiting {
  readonly line: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An append-only file of JSON lines in which a line that was acknowledged survives whatever happens to the process, and
 * whatever happens to the machine as far as its disk keeps its word.
 *
 * INVARIANTS: `append` resolves after fdatasync of its line; lines that come while the disk is busy share the next write
 * and sync (group commit); after a write that failed the file ends where the last acknowledged line ends.
 */
export class Journal {
  readonly path: string;
  readonly #file: FileHandle;
  #length: number;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #broken: AppError | undefined;

  private constructor(path: string, file: FileHandle, length: number) {
    this.path = path;
    this.#file = file;
    this.#length = length;
  }

  /**
   * Opens or creates the file, and cuts off a last line that was torn when the process was killed or the power went: it
   * was never acknowledged.
   *
   * @returns the journal, and how many bytes were cut off
   */
  static async open(path: string): Promise<{ readonly journal: Journal; readonly repairedBytes: number }> {
    // 'a+' creates; appends go to the end, whatever was read.
    const file = await open(path, 'a+', 0o640);
    const { size } = await file.stat();
    const length = await endOfLastLine(file, size);
    if (length < size) {
      await file.truncate(length);
      await file.sync();
    }
    return { journal: new Journal(path, file, length), repairedBytes: size - length };
  }

  /** Bytes that have been acknowledged. */
  get length(): number {
    return this.#length;
  }

  /** Set when the disk failed in a way after which nobody knows what it holds. */
  get broken(): AppError | undefined {
    return this.#broken;
  }

  /** Resolves when the entry is on disk. Throws JOURNAL_FULL, JOURNAL_BROKEN; then it is not in the journal. */
  append(entry: unknown): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ line: Buffer.from(`${JSON.stringify(entry)}\n`), resolve, reject });
    this.#committing ??= this.#commitAll();
    return promise;
  }

  /** Waits for what was appended. */
  async close(): Promise<void> {
    await this.#committing;
    await this.#file.close();
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(Buffer.concat(batch.map(({ line }) => line)));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#committing = undefined;
  }

  async #commit(lines: Buffer): Promise<void> {
    if (this.#broken) throw this.#broken;
    try {
      await this.#file.appendFile(lines);
    } catch (error) {
      await this.#rollBack(error);
      throw this.#broken ?? fullOrFailed(this.path, error);
    }
    try {
      await this.#file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages it could not write, and reports that once: a retry would prove nothing.
      this.#broken = broken(this.path, error);
      throw this.#broken;
    }
    this.#length += lines.length;
  }

  /** Takes back the part of a batch that was written before the disk was full. */
  async #rollBack(cause: unknown): Promise<void> {
    try {
      await this.#file.truncate(this.#length);
    } catch {
      this.#broken = broken(this.path, cause);
    }
  }
}

/** Offset behind the last line feed; 0 when there is none. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const lineFeed = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineFeed !== -1) return start + lineFeed + 1;
    end = start;
  }
  return 0;
}

function fullOrFailed(path: string, cause: unknown): AppError {
  const { code } = cause as NodeJS.ErrnoException;
  // EDQUOT: the account's quota; EFBIG: RLIMIT_FSIZE.
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new AppError('JOURNAL_FULL', `No space is left for ${path}; make room`, { cause });
  }
  return new AppError('JOURNAL_FAILED', `Cannot write to ${path}`, { cause });
}

const broken = (path: string, cause: unknown): AppError =>
  new AppError('JOURNAL_BROKEN', `The disk did not confirm a write to ${path}; check it and restart`, {
    cause,
  });
