import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import { failureCode } from './failure.ts';

const prefix = '.mainstay-build-';
/**
 * How long a folder is left alone though its process cannot be seen, in ms: the output may be shared with another
 * machine or container that is building.
 */
const abandonedAfter = 3_600_000;

/**
 * A folder inside the output folder, hence on its file system, in which files are finished before they get their
 * names: what is in the output folder is whole.
 */
export class Staging {
  readonly folder: string;
  readonly #output: string;
  readonly #made: string | undefined;

  private constructor(output: string, folder: string, made: string | undefined) {
    this.#output = output;
    this.folder = folder;
    this.#made = made;
  }

  /** @throws AppError BUILD_OUTPUT_NOT_WRITABLE, BUILD_NO_SPACE */
  static async open(output: string): Promise<Staging> {
    const folder = join(output, `${prefix}${process.pid}-${randomBytes(4).toString('hex')}`);
    let made: string | undefined;
    try {
      made = await mkdir(output, { recursive: true });
      await removeAbandoned(output);
      await mkdir(folder);
      return new Staging(output, folder, made);
    } catch (error) {
      if (made !== undefined) await removeEmptyUpTo(output, made);
      throw outputFailure(error, output);
    }
  }

  /** Where a file of the folder lies until it is published. */
  pathOf(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file durably. @throws AppError BUILD_NO_SPACE, BUILD_OUTPUT_NOT_WRITABLE */
  async write(
    name: string,
    parts: readonly Uint8Array[],
    mode: number,
    signal?: AbortSignal,
  ): Promise<string> {
    const file = this.pathOf(name);
    try {
      const handle = await open(file, 'wx', mode);
      try {
        for (const part of parts) {
          signal?.throwIfAborted();
          await handle.writeFile(part);
        }
        // The mode of open(2) is cut by the umask; an executable has to be one.
        await handle.chmod(mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return file;
    } catch (error) {
      throw outputFailure(error, this.#output);
    }
  }

  /**
   * Gives the finished files their names, in order. Each is replaced at once (rename(2)), also one that is being run;
   * after a failure those that had been replaced are put back.
   *
   * @throws AppError BUILD_NO_SPACE, BUILD_OUTPUT_NOT_WRITABLE
   */
  async publish(names: readonly string[]): Promise<void> {
    const undo: (() => Promise<void>)[] = [];
    try {
      for (const name of names) {
        const file = join(this.#output, name);
        const kept = this.pathOf(`${name}.before`);
        undo.push((await keep(file, kept)) ? () => rename(kept, file) : () => rm(file, { force: true }));
        await rename(this.pathOf(name), file);
      }
      await syncFolder(this.#output);
    } catch (error) {
      for (const step of undo.toReversed()) await step().catch(() => undefined);
      throw outputFailure(error, this.#output);
    }
  }

  /** Removes what is left; after a failure also the output folder, if this build made it. */
  async close(isPublished: boolean): Promise<void> {
    // Windows does not delete a program that is running, and must not hide the outcome: a later build tries again.
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
    if (!isPublished && this.#made !== undefined) await removeEmptyUpTo(this.#output, this.#made);
  }
}

/**
 * Keeps what has the name now under another one as well. Where that cannot be done (Windows, file systems without hard
 * links) it is moved, and the name is free for a moment.
 *
 * @returns whether there was something
 */
async function keep(file: string, kept: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  // A folder in the place of a file is for the rename to refuse.
  if (!stats?.isFile()) return stats !== undefined;
  if (process.platform !== 'win32') {
    const isLinked = await link(file, kept).then(
      () => true,
      () => false,
    );
    if (isLinked) return true;
  }
  await rename(file, kept);
  return true;
}

async function removeEmptyUpTo(folder: string, top: string): Promise<void> {
  if ((await readdir(folder).catch(() => ['?'])).length > 0) return;
  await rm(folder, { recursive: true, force: true });
  if (folder !== top) await removeEmptyUpTo(dirname(folder), top);
}

/** What a build that was killed left behind. */
async function removeAbandoned(output: string): Promise<void> {
  for (const name of await readdir(output)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (!(pid > 0) || isAlive(pid)) continue;
    const folder = join(output, name);
    const changed = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > abandonedAfter)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return failureCode(error) === 'EPERM';
  }
}

/** Renames are durable once their folder is; Windows cannot sync folders and does not need to. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Failures of the file system in the output's terms; anything else as it is. */
function outputFailure(error: unknown, output: string): unknown {
  const code = failureCode(error);
  if (code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return buildErrors.error(
      'BUILD_NO_SPACE',
      `No space left in ${output}; an executable takes about 150 MB; nothing was written`,
      { cause: error, details: { output } },
    );
  }
  return buildErrors.error(
    'BUILD_OUTPUT_NOT_WRITABLE',
    `Cannot write to ${output}: ${messageOf(error)}; choose another folder or correct its permissions`,
    { cause: error, details: { output } },
  );
}
