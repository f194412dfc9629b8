// Wine 10 from Debian trixie, unpacked with its own libc into the cache, and a prefix to copy from.
// Bookworm's own Wine 8 does not run Node 24 or newer. Run as a program it makes the folder; see wineFolder().
import { copyFile, mkdir, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, cacheEntry } from './cache.ts';
import { command } from './command.ts';
import { debianMirror } from './debian.ts';

const recipe = {
  version: 2,
  suite: 'trixie',
  packages: (
    'wine64 libwine libz-mingw-w64 libc6 libunwind8 libgcc-s1 liblzma5 libgnutls30t64 libgmp10 libhogweed6t64 ' +
    'libnettle8t64 libidn2-0 libp11-kit0 libtasn1-6 libunistring5 libffi8 zlib1g libzstd1'
  ).split(' '),
  leaveOut: (
    './usr/share/doc* ./usr/share/man* ./usr/share/locale* ./usr/share/lintian* ' +
    '*/i386-windows/* ./usr/lib/x86_64-linux-gnu/gconv*'
  ).split(' '),
};

/** The Debian packages of this machine that the setup itself needs. */
export const wineSetupPackages = ['patchelf', 'dpkg', 'debian-archive-keyring'];

/** Wine's files: `root` is the unpacked tree, `prefix` the one to copy for every session. */
export function wineFolder(): CacheEntry & { readonly root: string; readonly prefix: string } {
  const entry = cacheEntry('wine', recipe);
  return { ...entry, root: join(entry.path, 'root'), prefix: join(entry.path, 'prefix') };
}

/** The environment in which Wine's programs work on `prefix`. */
export function wineEnvironment(root: string, prefix: string): NodeJS.ProcessEnv {
  const ofTheRunner = Object.entries(process.env).filter(([name]) => name.startsWith('MAINSTAY_TEST_'));
  return {
    ...Object.fromEntries(ofTheRunner), // it finds left-over processes by their environment
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: process.env['HOME'] ?? '/',
    WINESERVER: join(root, 'usr/lib/wine/wineserver64'),
    WINELOADER: join(root, 'usr/lib/wine/wine64'),
    WINEPREFIX: prefix,
    WINEDEBUG: process.env['WINEDEBUG'] ?? '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=;winemenubuilder.exe=',
    XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? '/tmp',
  };
}

async function downloadPackages(folder: string): Promise<string[]> {
  const apt = join(folder, 'apt');
  const archives = join(apt, 'cache/archives');
  await mkdir(join(apt, 'lists/partial'), { recursive: true });
  await mkdir(join(archives, 'partial'), { recursive: true });
  const source = join(apt, `${recipe.suite}.sources`);
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const lines = [
    'Types: deb',
    `URIs: ${await debianMirror()}`,
    `Suites: ${recipe.suite}`,
    'Components: main',
  ];
  await writeFile(source, [...lines, `Signed-By: ${keyring}`, ''].join('\n'));
  const options = [
    `Dir::Etc::sourcelist=${source}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::Lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'Dir::State::status=/dev/null',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await command('apt-get', [...options, 'update']);
  await command('apt-get', [...options, 'download', ...recipe.packages], { cwd: archives });
  const files = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  return files.map((name) => join(archives, name));
}

async function unpack(packages: readonly string[], root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const exclude = recipe.leaveOut.map((pattern) => `'--exclude=${pattern}'`).join(' ');
  const script = `set -o pipefail; dpkg-deb --fsys-tarfile "$0" | tar x -C "$1" ${exclude}`;
  for (const file of packages) await command('bash', ['-c', script, file, root]);
}

/** Points Wine's programs at their own libc, wherever the cache is. */
async function relocate(root: string): Promise<void> {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const programs = join(root, 'usr/lib/wine');
  // The `wineserver` script has /usr/lib/wine written into it.
  await rm(join(programs, 'wineserver'), { force: true });
  await symlink('wineserver64', join(programs, 'wineserver'));
  // Outside /usr wineserver looks for ../../share/wine/wine/nls, which the package does not have.
  await symlink('.', join(root, 'usr/share/wine/wine'));
  for (const program of ['wine64', 'wineserver64']) {
    const interpreter = join(libraries, 'ld-linux-x86-64.so.2');
    const options = ['--set-interpreter', interpreter, '--set-rpath', libraries, '--force-rpath'];
    await command('patchelf', [...options, join(programs, program)]);
  }
  const unix = join(libraries, 'wine/x86_64-unix');
  const modules = (await readdir(unix))
    .filter((name) => name.endsWith('.so'))
    .map((name) => join(unix, name));
  await command('patchelf', ['--set-rpath', `$ORIGIN:${libraries}`, '--force-rpath', ...modules]);
}

/** Marks zlib1.dll as Wine's own, as the package's postinst does: otherwise wineboot does not copy it. */
async function stampZlib(root: string): Promise<void> {
  const target = join(root, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll');
  await copyFile(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'), target);
  const file = await open(target, 'r+');
  await file.write('Wine builtin DLL\0', 64);
  await file.close();
}

async function makePrefix(root: string, prefix: string): Promise<void> {
  const env = wineEnvironment(root, prefix);
  await command(String(env['WINELOADER']), ['wineboot', '-i'], { env });
  // Services of the first boot still write to the registry: copying earlier gives errors 1060 and 1077.
  await command(String(env['WINESERVER']), ['-w'], { env });
}

/** Makes the folder when it is not there yet. Callers hold the setup lock. */
export async function setUpWine(): Promise<void> {
  const folder = wineFolder();
  await folder.fill(async (path) => {
    await unpack(await downloadPackages(path), folder.root);
    await rm(join(path, 'apt'), { recursive: true });
    await relocate(folder.root);
    await stampZlib(folder.root);
    await makePrefix(folder.root, folder.prefix);
  });
}

if (import.meta.main) await setUpWine();
