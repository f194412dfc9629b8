import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import { failureCode } from './failure.ts';

const prefix = '.mainstay-build-';

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
    try {
      const made = await mkdir(output, { recursive: true });
      await removeAbandoned(output);
      await mkdir(folder);
      return new Staging(output, folder, made);
    } catch (error) {
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
    const file = join(this.folder, name);
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

  /** Gives the finished files their names, in order. */
  async publish(names: readonly string[]): Promise<void> {
    try {
      for (const name of names) await rename(join(this.folder, name), join(this.#output, name));
      await syncFolder(this.#output);
    } catch (error) {
      throw outputFailure(error, this.#output);
    }
  }

  /** Removes what is left; after a failure also the output folder, if this build made it. */
  async close(isPublished: boolean): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    if (!isPublished && this.#made !== undefined) await removeEmptyUpTo(this.#output, this.#made);
  }
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
    if (pid > 0 && !isAlive(pid)) await rm(join(output, name), { recursive: true, force: true });
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
