import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import type { BuildProgress } from '../events.ts';
import { failureCode } from '../output/failure.ts';
import type { Target } from '../targets.ts';
import { downloadPinnedFile } from './download.ts';
import type { NpmSettings } from './npm-settings.ts';
import type { PinnedFile } from './pinned.ts';

export type RuntimeSource = 'installed' | 'cache' | 'download';

export interface RuntimeStoreOptions {
  readonly cacheFolder: string;
  /** Read when the first download is needed. */
  readonly loadSettings: () => Promise<NpmSettings>;
  /** Folders from which an installed copy of a package is looked for. @default [] */
  readonly installedFrom?: readonly string[];
  readonly onProgress: BuildProgress;
  readonly signal: AbortSignal;
}

/**
 * Gives the bytes of pinned files: from node_modules, from the cache or from the registry, always checked against
 * the hash in the source.
 *
 * INVARIANTS: a file is in the cache under its own hash or not at all (written beside, synced, renamed), so builds
 * that run at once cannot disturb each other; what does not match its hash is never returned.
 */
export class RuntimeStore {
  readonly #options: RuntimeStoreOptions;

  constructor(options: RuntimeStoreOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that the file can be read without the network, and says where it comes from.
   *
   * @throws AppError BUILD_DOWNLOAD_FAILED, BUILD_INTEGRITY_MISMATCH, BUILD_CACHE_NOT_WRITABLE, BUILD_NO_SPACE
   */
  async ensure(pinned: PinnedFile, target: Target): Promise<void> {
    const spec = `${pinned.name}@${pinned.version}`;
    const { source } = await this.#obtain(pinned, target);
    this.#options.onProgress({ type: 'runtime-ready', package: spec, target, source });
  }

  /** The bytes of the file; throws as {@link RuntimeStore.ensure}. */
  async read(pinned: PinnedFile, target: Target): Promise<Buffer> {
    return (await this.#obtain(pinned, target)).bytes;
  }

  async #obtain(pinned: PinnedFile, target: Target): Promise<{ bytes: Buffer; source: RuntimeSource }> {
    const { onProgress, signal } = this.#options;
    const installed = await this.#readInstalled(pinned);
    if (installed !== undefined) return { bytes: installed, source: 'installed' };
    signal.throwIfAborted();
    const file = this.fileOf(pinned);
    const cached = await readFile(file).catch(() => undefined);
    if (cached !== undefined) {
      if (matches(cached, pinned)) return { bytes: cached, source: 'cache' };
      const spec = `${pinned.name}@${pinned.version}`;
      onProgress({
        type: 'warning',
        message: `The cached copy of ${spec} is damaged (${file}); it is fetched again`,
      });
      await rm(file, { force: true });
    }
    return { bytes: await this.#download(pinned, target, file), source: 'download' };
  }

  /** Where the cache keeps a pinned file. */
  fileOf(pinned: PinnedFile): string {
    return join(this.#options.cacheFolder, 'files', 'sha256', pinned.sha256.slice(0, 2), pinned.sha256);
  }

  async #readInstalled(pinned: PinnedFile): Promise<Buffer | undefined> {
    for (const folder of this.#options.installedFrom ?? []) {
      try {
        const manifest = createRequire(join(folder, 'package.json')).resolve(`${pinned.name}/package.json`);
        const bytes = await readFile(join(dirname(manifest), pinned.file));
        if (matches(bytes, pinned)) return bytes;
      } catch {
        // Not installed from here, or not this version: the cache has it or gets it.
      }
    }
    return undefined;
  }

  async #download(pinned: PinnedFile, target: Target, file: string): Promise<Buffer> {
    const { onProgress, signal } = this.#options;
    const spec = `${pinned.name}@${pinned.version}`;
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(file), { recursive: true }).catch((cause: unknown) => {
        throw cacheFailure(cause, file);
      });
      const settings = await this.#options.loadSettings();
      await downloadPinnedFile(pinned, temporary, {
        settings,
        signal,
        onBytes: (receivedBytes, totalBytes) =>
          onProgress({
            type: 'download-progress',
            package: spec,
            target,
            receivedBytes,
            ...(totalBytes === undefined ? {} : { totalBytes }),
          }),
      });
      const handle = await open(temporary, 'r+');
      try {
        await handle.sync();
        const bytes = await handle.readFile();
        if (!matches(bytes, pinned)) {
          throw buildErrors.error(
            'BUILD_INTEGRITY_MISMATCH',
            `${pinned.file} of ${spec} is not the pinned one; nothing of it was used`,
          );
        }
        await rename(temporary, file);
        return bytes;
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw cacheFailure(error, file);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

function matches(bytes: Buffer, pinned: PinnedFile): boolean {
  return bytes.length === pinned.bytes && createHash('sha256').update(bytes).digest('hex') === pinned.sha256;
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
