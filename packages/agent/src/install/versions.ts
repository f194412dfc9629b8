import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Hexadecimal digits of the hash in a folder's name. */
const hashLength = 12;

export interface InstalledVersion {
  readonly executable: string;
  /** Undefined when it was there already. */
  readonly undo: (() => Promise<void>) | undefined;
}

/**
 * Puts an executable into a folder of its own below `folder`, named by its version and its content. It appears there
 * with its whole content; the same one again changes nothing.
 */
export async function addVersion(folder: string, from: string, version: string): Promise<InstalledVersion> {
  const name = `${version}-${(await hashOf(from)).slice(0, hashLength)}`;
  const home = join(folder, 'versions', name);
  const executable = join(home, process.platform === 'win32' ? 'mainstay-agent.exe' : 'mainstay-agent');
  if (await isFile(executable)) return { executable, undo: undefined };
  const partial = `${executable}.${process.pid}.partial`;
  try {
    await mkdir(home, { recursive: true, mode: 0o755 });
    await copyFile(from, partial);
    await chmod(partial, 0o755);
    await rename(partial, executable);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
  return { executable, undo: () => rm(home, { recursive: true, force: true }) };
}

/** Removes all versions but these. What is still in use and cannot go (Windows) stays until the next time. */
export async function removeVersionsBut(folder: string, kept: readonly string[]): Promise<void> {
  const parent = join(folder, 'versions');
  const homes = new Set(kept.map((executable) => basename(dirname(executable))));
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!homes.has(name))
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
