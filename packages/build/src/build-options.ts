import type { BuildProgress } from './events.ts';
import type { ImageOptions } from './image/build-image.ts';

export interface BuildOptions {
  /** Entry file or project folder. */
  readonly input: string;
  /** Target names; an item may be a comma-separated list. */
  readonly targets: readonly string[];
  /** Made if it is not there. */
  readonly outputFolder: string;
  /** Name of the service and of the files. @default from package.json */
  readonly name?: string;
  /** @default true */
  readonly typeCheck?: boolean;
  /** Write a source map beside the executables. @default false */
  readonly sourceMap?: boolean;
  /** An .ico file for the Windows executables. @default our own */
  readonly icon?: string;
  /**
   * Command that signs a finished Windows executable: `{file}` stands for its path, `{output}` for another one if the
   * tool does not sign in place. No shell reads it.
   */
  readonly sign?: string;
  /** Also make a container image for each Linux target. */
  readonly image?: ImageOptions;
  /** Record the Git commit of the source in the executables. @default true */
  readonly commit?: boolean;
  /** @default MAINSTAY_CACHE, or the platform's place for caches */
  readonly cacheFolder?: string;
  /** Take runtimes from node_modules where they match. @default true */
  readonly useInstalled?: boolean;
  /** Colours in compiler messages. @default false */
  readonly color?: boolean;
  readonly onProgress?: BuildProgress;
  readonly signal?: AbortSignal;
}
