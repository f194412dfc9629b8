import { platformErrors } from '../errors.ts';
import type { EmbeddedLibrary } from './library.ts';

/** Names of the assets that the builder puts into the executable. */
export const libraryAsset = 'koffi.node';
export const libraryHashAsset = 'koffi.node.sha256';

/** What the running executable carries; undefined when this process is not one. Throws FFI_UNAVAILABLE. */
export function readEmbeddedLibrary(): EmbeddedLibrary | undefined {
  const sea = process.getBuiltinModule('node:sea');
  if (!sea.isSea()) return undefined;
  try {
    // The raw asset is the executable's own memory: nothing is copied, and nobody may write to it.
    return {
      bytes: new Uint8Array(sea.getRawAsset(libraryAsset)),
      sha256: sea.getAsset(libraryHashAsset, 'utf8').trim(),
    };
  } catch (error) {
    throw platformErrors.error(
      'FFI_UNAVAILABLE',
      `The executable ${process.execPath} carries no FFI library; build it again for ${process.platform}-${process.arch}`,
      { cause: error },
    );
  }
}
