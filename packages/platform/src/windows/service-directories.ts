import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import type { ServiceChange, ServiceDirectories } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import {
  createProtectedDirectory,
  keepsPermissions,
  normalizeDacl,
  readSecurity,
  writeSecurity,
} from './security.ts';
import { parentOf, type DirectorySetting } from './settings.ts';

/** Owners that a directory of ours may have: administrators and SYSTEM. */
const trustedOwners: ReadonlySet<string> = new Set(['O:BA', 'O:SY']);

/** `%ProgramData%\NAME\…` */
export function directoriesFor(name: string): ServiceDirectories {
  const parent = `${process.env['ProgramData'] ?? 'C:\\ProgramData'}\\${name}`;
  return { state: `${parent}\\state`, logs: `${parent}\\logs`, config: `${parent}\\config` };
}

export function directoryChanges(settings: readonly DirectorySetting[]): ServiceChange[] {
  const changes: ServiceChange[] = [];
  for (const { path, dacl } of settings) {
    if (!existsSync(path)) changes.push({ what: path, before: undefined, after: dacl });
    else if (keepsPermissions(path)) {
      const before = currentDacl(path);
      if (before === undefined || normalizeDacl(before) === normalizeDacl(dacl)) continue;
      changes.push({ what: path, before, after: dacl });
    }
  }
  return changes;
}

/** What cannot be kept, in words. */
export function directoryNotes(settings: readonly DirectorySetting[]): string[] {
  const drives = new Set(
    settings.map(({ path }) => path.slice(0, 2)).filter((drive) => !keepsPermissions(drive)),
  );
  return [...drives].map(
    (drive) =>
      `The file system of ${drive} keeps no Windows permissions: the service's directories are not protected`,
  );
}

/**
 * Makes a directory, or gives back the permissions to one that is there. Everybody may make folders in %ProgramData%:
 * one that belongs to somebody else may hold anything, and is refused.
 */
export function makeDirectory({ path, dacl }: DirectorySetting): void {
  if (createProtectedDirectory(path, dacl)) {
    if (keepsPermissions(path)) writeSecurity(path, dacl);
    return;
  }
  if (!keepsPermissions(path)) return;
  const { owner } = readSecurity(path);
  const isOurs = [...trustedOwners].some((trusted) => owner.startsWith(trusted));
  if (!isOurs) {
    throw platformErrors.error(
      'MANAGER_FOREIGN_DIRECTORY',
      `The directory ${path} was there before and belongs to ${owner.slice(2) || 'somebody else'}; look through it, then remove it or give it to the administrators (takeown /a /r /f "${path}")`,
      { details: { path, owner } },
    );
  }
  writeSecurity(path, dacl);
}

/** What `purge` removes: the directories, and their parent once it is empty. */
export function existingDirectories(directories: ServiceDirectories): string[] {
  return [directories.state, directories.logs, directories.config].filter((path) => existsSync(path));
}

export async function removeDirectories(directories: ServiceDirectories): Promise<void> {
  const { state, logs, config } = directories;
  // A process that has just ended may hold a file for a moment longer.
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;
  for (const path of [state, logs, config]) await rm(path, options);
  await rmdir(parentOf(state)).catch(() => undefined);
}

/** Undefined without the right to read it, which the directory being protected may well mean. */
function currentDacl(path: string): string | undefined {
  try {
    return readSecurity(path).dacl;
  } catch {
    return undefined;
  }
}
