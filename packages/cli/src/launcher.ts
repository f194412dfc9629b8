import { fileURLToPath } from 'node:url';

import { loadProject } from '@mainstay/build/project';
import { isAppError } from '@mainstay/core';

/** A service from source, as it is started. */
export interface SourceProgram {
  /** Folder of its package.json. */
  readonly folder: string;
  /** Arguments of Node that come before the service's own. */
  readonly args: readonly string[];
}

/** Finds the entry of a service from source. Throws BUILD_ENTRY_NOT_FOUND, BUILD_BAD_PROJECT. */
export async function locateSource(input: string): Promise<SourceProgram> {
  const { entry, folder } = await loadProject(input);
  return { folder, args: [fileURLToPath(new URL('run-entry.ts', import.meta.url)), entry] };
}

/** The same, with the reason in place of the failure that the operator can put right. */
export async function tryLocateSource(
  input: string,
): Promise<
  { readonly ok: true; readonly program: SourceProgram } | { readonly ok: false; readonly message: string }
> {
  try {
    return { ok: true, program: await locateSource(input) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { ok: false, message: error.message };
  }
}
