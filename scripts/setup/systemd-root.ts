// A minimal Debian tree with systemd, to boot as PID 1 of its own namespaces. Run as a program it makes the tree.
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, cacheEntry } from './cache.ts';
import { command } from './command.ts';
import { debianMirror } from './debian.ts';

const recipe = {
  version: 1,
  suite: 'bookworm',
  // libstdc++6 and libatomic1 are what Node's binary links to beyond libc.
  packages: ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'procps', 'libstdc++6', 'libatomic1'],
};

/** The Debian packages of this machine that the setup itself needs. */
export const systemdSetupPackages = ['mmdebstrap', 'debian-archive-keyring'];

/** The prepared tree: `root` is mounted read-only below an overlay. */
export function systemdFolder(): CacheEntry & { readonly root: string } {
  const entry = cacheEntry('systemd-root', recipe);
  return { ...entry, root: join(entry.path, 'root') };
}

/** Makes the tree when it is not there yet. Callers hold the setup lock. */
export async function setUpSystemdRoot(): Promise<void> {
  const folder = systemdFolder();
  await folder.fill(async () => {
    const mirror = await debianMirror();
    const include = `--include=${recipe.packages.join(',')}`;
    await mkdir(folder.root, { recursive: true });
    await command('mmdebstrap', ['--variant=minbase', include, recipe.suite, folder.root, mirror]);
    await chmod(folder.root, 0o755);
  });
}

if (import.meta.main) await setUpSystemdRoot();
