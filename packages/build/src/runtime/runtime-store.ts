import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BuildProgress } from '../events.ts';
import type { Target } from '../targets.ts';
import {
  downloadFile,
  downloadPackage,
  sha512Of,
  type DownloadOptions,
  type PinnedPackage,
} from './download.ts';
import { FileCache, type CachedContent } from './file-cache.ts';
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
 * Gives the bytes of pinned files and packages: from node_modules, from the cache or from the registry, checked against
 * their hash on every use.
 */
export class RuntimeStore {
  readonly #options: RuntimeStoreOptions;
  readonly #cache: FileCache;

  constructor(options: RuntimeStoreOptions) {
    this.#options = options;
    this.#cache = new FileCache(options.cacheFolder, (message) =>
      options.onProgress({ type: 'warning', message }),
    );
  }

  /**
   * Sees to it that the file can be read without the network, and says where it comes from.
   *
   * @throws AppError BUILD_DOWNLOAD_FAILED, BUILD_INTEGRITY_MISMATCH, BUILD_CACHE_NOT_WRITABLE, BUILD_NO_SPACE
   */
  async ensure(pinned: PinnedFile, target: Target): Promise<void> {
    const { source } = await this.#obtain(pinned, target);
    this.#options.onProgress({ type: 'runtime-ready', package: specOf(pinned), target, source });
  }

  /** The bytes of the file; throws as {@link RuntimeStore.ensure}. */
  async read(pinned: PinnedFile, target: Target): Promise<Buffer> {
    return (await this.#obtain(pinned, target)).bytes;
  }

  /** The tarball of a package; throws as {@link RuntimeStore.ensure}. */
  async readPackage(pinned: PinnedPackage, target: Target): Promise<Buffer> {
    const content: CachedContent = {
      label: specOf(pinned),
      algorithm: 'sha512',
      hash: Buffer.from(sha512Of(pinned), 'base64').toString('hex'),
    };
    const { bytes, source } = await this.#cached(content, async (file) =>
      downloadPackage(pinned, file, await this.#downloadOptions(pinned, target)),
    );
    this.#options.onProgress({ type: 'runtime-ready', package: specOf(pinned), target, source });
    return bytes;
  }

  /** Where the cache keeps a pinned file. */
  fileOf(pinned: PinnedFile): string {
    return this.#cache.pathOf(contentOf(pinned));
  }

  async #obtain(pinned: PinnedFile, target: Target): Promise<{ bytes: Buffer; source: RuntimeSource }> {
    const installed = await this.#readInstalled(pinned);
    if (installed !== undefined) return { bytes: installed, source: 'installed' };
    return await this.#cached(contentOf(pinned), async (file) =>
      downloadFile(pinned, file, await this.#downloadOptions(pinned, target)),
    );
  }

  async #cached(
    content: CachedContent,
    download: (file: string) => Promise<void>,
  ): Promise<{ bytes: Buffer; source: RuntimeSource }> {
    this.#options.signal.throwIfAborted();
    const bytes = await this.#cache.read(content);
    if (bytes !== undefined) return { bytes, source: 'cache' };
    return { bytes: await this.#cache.fill(content, download), source: 'download' };
  }

  async #readInstalled(pinned: PinnedFile): Promise<Buffer | undefined> {
    for (const folder of this.#options.installedFrom ?? []) {
      try {
        const manifest = createRequire(join(folder, 'package.json')).resolve(`${pinned.name}/package.json`);
        const bytes = await readFile(join(dirname(manifest), pinned.file));
        if (createHash('sha256').update(bytes).digest('hex') === pinned.sha256) return bytes;
      } catch {
        // Not installed from here, or not this version: the cache has it or gets it.
      }
    }
    return undefined;
  }

  async #downloadOptions(pinned: PinnedPackage, target: Target): Promise<DownloadOptions> {
    const { onProgress, signal, loadSettings } = this.#options;
    return {
      signal,
      settings: await loadSettings(),
      onBytes: (receivedBytes, totalBytes) =>
        onProgress({
          type: 'download-progress',
          package: specOf(pinned),
          target,
          receivedBytes,
          ...(totalBytes === undefined ? {} : { totalBytes }),
        }),
    };
  }
}

function specOf({ name, version }: PinnedPackage): string {
  return `${name}@${version}`;
}

function contentOf(pinned: PinnedFile): CachedContent {
  return { label: `${pinned.file} of ${specOf(pinned)}`, algorithm: 'sha256', hash: pinned.sha256 };
}
