import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '@mainstay/platform';
import type { DisposableFile } from './disposer.ts';

/** The name says whose it is: `<service>.<pid>.<namespace>.<start of the process>.XXXXXX`. */
export function makeTemporaryDirectory(parent: string, serviceName: string): DisposableFile {
  const { pid, started, namespace } = identify(process.pid);
  // mkdtemp gives 0700: in a shared /tmp nobody else can put anything into it.
  const path = mkdtempSync(join(parent, `${serviceName}.${pid}.${namespace}.${fileNameOf(started)}.`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/**
 * Removes directories of runs of this service that were killed. Only those of our own user: in a shared /tmp anybody can
 * make a directory of that name, and removing it for them as root could be led astray by symbolic links.
 *
 * @returns what was removed
 */
export function removeLeftovers(parent: string, serviceName: string): string[] {
  const removed: string[] = [];
  for (const name of readNames(parent)) {
    const owner = ownerOf(name, serviceName);
    if (!owner) continue;
    const path = join(parent, name);
    try {
      const stat = lstatSync(path);
      if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) continue;
      if (isAlive(owner)) continue;
      rmSync(path, { recursive: true, force: true });
      removed.push(path);
    } catch {
      // Gone meanwhile, or not ours to remove: it does not keep the service from starting.
    }
  }
  return removed;
}

function ownerOf(name: string, serviceName: string): ProcessIdentity | undefined {
  if (!name.startsWith(`${serviceName}.`)) return undefined;
  const match = /^(\d+)\.(\d*)\.([\da-f]*)\.\w{6}$/.exec(name.slice(serviceName.length + 1));
  if (!match) return undefined;
  const [, pid = '', namespace = '', started = ''] = match;
  return { pid: Number(pid), namespace, started: startedOf(started) };
}

/** Start times hold colons and, on macOS, spaces: hexadecimal is a file name everywhere. */
const fileNameOf = (started: string): string => Buffer.from(started).toString('hex');
const startedOf = (name: string): string => Buffer.from(name, 'hex').toString();

function readNames(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}
