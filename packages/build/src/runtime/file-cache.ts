import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import { failureCode } from '../output/failure.ts';

/** A file by its content. */
export interface CachedContent {
  /** What messages call it. */
  readonly label: string;
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hexadecimal. */
  readonly hash: string;
}

/** No download takes this long: a partial file that is older was left by a build that was killed, in ms. */
const abandonedAfter = 24 * 3_600_000;

/**
 * Downloads by their hash.
 *
 * INVARIANTS: a file is in the cache under its own hash or not at all (written beside, synced, renamed), so builds
 * that run at once cannot disturb each other; what does not match its hash is never returned.
 */
export class FileCache {
  readonly #folder: string;
  readonly #warn: (message: string) => void;

  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  pathOf({ algorithm, hash }: CachedContent): string {
    return join(this.#folder, 'files', algorithm, hash.slice(0, 2), hash);
  }

  /** The content if it is here and whole; a damaged copy is reported. */
  async read(content: CachedContent): Promise<Buffer | undefined> {
    const file = this.pathOf(content);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined || isContent(bytes, content)) return bytes;
    this.#warn(`The cached copy of ${content.label} is damaged (${file}); it is fetched again`);
    return undefined;
  }

  /**
   * Has the content written to a file, checks it and keeps it.
   *
   * @throws AppError BUILD_INTEGRITY_MISMATCH, BUILD_CACHE_NOT_WRITABLE, BUILD_NO_SPACE; what `write` throws
   */
  async fill(content: CachedContent, write: (file: string) => Promise<void>): Promise<Buffer> {
    const file = this.pathOf(content);
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await removeAbandoned(dirname(file));
      await write(temporary);
      const handle = await open(temporary, 'r+');
      let bytes: Buffer;
      try {
        await handle.sync();
        bytes = await handle.readFile();
      } finally {
        // Before the rename: Windows does not rename what is open.
        await handle.close();
      }
      if (!isContent(bytes, content)) {
        throw buildErrors.error(
          'BUILD_INTEGRITY_MISMATCH',
          `What was downloaded as ${content.label} is not the pinned content; nothing of it was used`,
        );
      }
      await rename(temporary, file).catch(async (error: unknown) => {
        // Windows refuses while another build reads the same file, which then is what we have.
        if ((await this.read(content)) === undefined) throw error;
      });
      return bytes;
    } catch (error) {
      throw cacheFailure(error, file);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

function isContent(bytes: Buffer, { algorithm, hash }: CachedContent): boolean {
  return createHash(algorithm).update(bytes).digest('hex') === hash;
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tmp')) continue;
    const file = join(folder, name);
    const written = (await stat(file).catch(() => undefined))?.mtimeMs;
    if (written !== undefined && Date.now() - written > abandonedAfter)
      await rm(file, { force: true }).catch(() => undefined);
  }
}

/** Failures of the file system in the cache's terms; anything else as it is. */
function cacheFailure(error: unknown, file: string): unknown {
  const code = failureCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return buildErrors.error(
      'BUILD_NO_SPACE',
      `No space left for the download cache at ${dirname(file)}; free some, or name another folder in MAINSTAY_CACHE`,
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return buildErrors.error(
      'BUILD_CACHE_NOT_WRITABLE',
      `Cannot write the download cache at ${dirname(file)}: ${messageOf(error)}; correct its permissions, or name another folder in MAINSTAY_CACHE`,
      { cause: error },
    );
  }
  return error;
}
