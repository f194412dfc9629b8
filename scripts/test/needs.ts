import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../setup/cache.ts';
import { command } from '../setup/command.ts';
import { isRootOnDebian, missingPackages } from '../setup/debian.ts';
import { systemdFolder, systemdSetupPackages } from '../setup/systemd-root.ts';
import { windowsNodeFolder } from '../setup/windows-node.ts';
import { wineFolder, wineSetupPackages } from '../setup/wine.ts';

const execute = promisify(execFile);

/** Something of the machine that a suite cannot run without. */
export interface Need {
  readonly name: string;
  /** What is missing and how a person gets it; nothing when all is there. */
  missing(): Promise<string | undefined>;
  /** How the runner gets it by itself, on a machine where it may. */
  install?(): Promise<void>;
}

/** Runs a set-up program while no other run of this user sets anything up. */
async function setUp(program: string, ...args: string[]): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const lock = join(cacheFolder(), 'setup.lock');
  await command('flock', [lock, process.execPath, join(import.meta.dirname, '../setup', program), ...args]);
}

export const linux: Need = {
  name: 'Linux',
  async missing() {
    return process.platform === 'linux' ? undefined : `This is ${process.platform}; Linux is needed`;
  },
};

export const linuxX64: Need = {
  name: 'Linux on x64',
  async missing() {
    if (process.platform === 'linux' && process.arch === 'x64') return undefined;
    return `This is ${process.platform}-${process.arch}; Linux on x64 is needed`;
  },
};

/** The privilege to make PID and mount namespaces, which root lacks in most containers. */
export const namespaces: Need = {
  name: 'namespaces',
  async missing() {
    if (process.platform !== 'linux') return 'Linux namespaces are needed';
    const probe = ['--pid', '--mount', '--net', '--fork', '--mount-proc', '--kill-child', 'true'];
    const problem = await execute('unshare', probe).then(
      () => undefined,
      (error: Error) => error.message.trim().split('\n').at(-1),
    );
    return problem && `Cannot make namespaces (${problem}): run as root with CAP_SYS_ADMIN`;
  },
};

/** Debian packages whose programs a suite runs. */
export function debianPackages(...names: string[]): Need {
  return {
    name: names.join(', '),
    async missing() {
      const missing = await missingPackages(names);
      return missing.length === 0
        ? undefined
        : `Missing packages: run "apt-get install ${missing.join(' ')}" as root`;
    },
    install: async () => setUp('packages.ts', ...names),
  };
}

export const wineSetup = debianPackages(...wineSetupPackages);
export const wine: Need = {
  name: 'Wine 10',
  async missing() {
    return (await wineFolder().isComplete())
      ? undefined
      : 'Wine 10 is not set up: run "npm test" as root on Debian';
  },
  install: async () => setUp('wine.ts'),
};

export const windowsNode: Need = {
  name: 'Node for Windows',
  async missing() {
    const folder = await windowsNodeFolder();
    return (await folder.isComplete())
      ? undefined
      : 'Node for Windows is not fetched: run "npm test" as root on Debian';
  },
  install: async () => setUp('windows-node.ts'),
};

/** Linux as an ordinary program: a kernel with all controllers of cgroup v2, whatever the machine's own has. */
export const userModeLinux = debianPackages('user-mode-linux');

export const systemdSetup = debianPackages(...systemdSetupPackages);
export const systemdRoot: Need = {
  name: 'a root tree with systemd',
  async missing() {
    const isComplete = await systemdFolder().isComplete();
    return isComplete ? undefined : 'No root tree with systemd: run "npm test" as root on Debian';
  },
  install: async () => setUp('systemd-root.ts'),
};

/** What became of a suite's needs. A skip is the machine's limit; a failure is ours, or the network's. */
export type Preparation =
  | { readonly state: 'ready' }
  | { readonly state: 'skipped'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string };

/** Checks needs in order, and installs what may be installed here. */
export async function prepare(
  needs: readonly Need[],
  announce: (text: string) => void,
  mayInstall = isRootOnDebian(),
): Promise<Preparation> {
  for (const need of needs) {
    const reason = await need.missing();
    if (reason === undefined) continue;
    if (!need.install || !mayInstall) return { state: 'skipped', reason };
    announce(`Setting up ${need.name}`);
    const start = performance.now();
    try {
      await need.install();
    } catch (error) {
      return { state: 'failed', reason: `Cannot set up ${need.name}: ${(error as Error).message}` };
    }
    const still = await need.missing();
    if (still !== undefined)
      return { state: 'failed', reason: `Setting up ${need.name} changed nothing: ${still}` };
    announce(`Set up ${need.name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  return { state: 'ready' };
}
