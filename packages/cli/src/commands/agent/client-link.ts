import { mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, posix } from 'node:path';

import type { DirectoryFacts } from '@mainstay/agent';
import type { ServiceScope } from '@mainstay/core';

/**
 * Where `mainstay` of an installed agent is found by name: FHS 3.0, 4.9 and the XDG Base Directory Specification.
 * Undefined on Windows, where links take a privilege of their own. Pure.
 */
export function clientLink(scope: ServiceScope, { platform, home }: DirectoryFacts): string | undefined {
  if (platform === 'win32') return undefined;
  return posix.join(scope === 'system' ? '/usr/local' : posix.join(home, '.local'), 'bin', 'mainstay');
}

/**
 * Makes the link lead to this executable, unless somebody else's file is there. @returns false when it is not ours, or
 * may not be written
 */
export async function linkClient(link: string, executable: string, folder: string): Promise<boolean> {
  if ((await found(link, folder)) === 'other') return false;
  const beside = `${link}.${process.pid}.new`;
  try {
    await mkdir(dirname(link), { recursive: true });
    await symlink(executable, beside);
    await rename(beside, link);
    return true;
  } catch {
    await rm(beside, { force: true });
    return false;
  }
}

/** Removes the link, if it leads into the folder. */
export async function unlinkClient(link: string, folder: string): Promise<void> {
  if (await leadsInto(link, folder)) await rm(link, { force: true });
}

/** True when the link is there, and one of ours. */
export async function leadsInto(link: string, folder: string): Promise<boolean> {
  return (await found(link, folder)) === 'ours';
}

async function found(link: string, folder: string): Promise<'ours' | 'other' | 'nothing'> {
  try {
    return (await readlink(link)).startsWith(`${folder}/`) ? 'ours' : 'other';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing' : 'other';
  }
}
