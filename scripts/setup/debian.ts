import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { command } from './command.ts';

/** Whether this process may install Debian packages. */
export function isRootOnDebian(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

/** The names among `packages` that are not installed. */
export async function missingPackages(packages: readonly string[]): Promise<string[]> {
  if (!existsSync('/var/lib/dpkg/status')) return [...packages];
  const status = await readFile('/var/lib/dpkg/status', 'utf8');
  const installed = new Set(
    status
      .split('\n\n')
      .filter((entry) => /^Status: .* installed$/m.test(entry))
      .map((entry) => /^Package: (.+)$/m.exec(entry)?.[1]),
  );
  return packages.filter((name) => !installed.has(name));
}

const environment = () => ({ ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' });
const waitForLock = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];

/** Installs what is missing; asks for fresh package lists only when the ones at hand do not do. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  const install = () =>
    command('apt-get', [...waitForLock, 'install', '-y', '--no-install-recommends', ...missing], {
      env: environment(),
    });
  await install().catch(async () => {
    await updateLists();
    await install();
  });
}

/** Fetches the package lists. */
export async function updateLists(): Promise<void> {
  await command('apt-get', [...waitForLock, 'update'], { env: environment() });
}

const askMirror = async () => {
  const filter = ['Created-By: Packages', 'Label: Debian'];
  const answer = await command('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...filter], {
    env: environment(),
  });
  return answer.trim().split('\n')[0];
};

/**
 * The Debian mirror that this machine's own apt uses, so that the project names no host.
 * @throws Error when apt has no source of Debian's own packages.
 */
export async function debianMirror(): Promise<string> {
  let mirror = await askMirror();
  if (!mirror) {
    await updateLists(); // the label is known only from the lists
    mirror = await askMirror();
  }
  if (!mirror) throw new Error('No Debian mirror among the apt sources: add one to /etc/apt/sources.list.d');
  return mirror;
}
