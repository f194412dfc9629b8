import { glob } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  type Need,
  debianPackages,
  linux,
  linuxX64,
  namespaces,
  systemdRoot,
  systemdSetup,
  userModeLinux,
  windowsNode,
  wine,
  wineSetup,
} from './needs.ts';

export interface Suite {
  readonly name: string;
  readonly about: string;
  readonly needs: readonly Need[];
  /** A test file that takes longer is killed, in ms. */
  readonly fileLimit: number;
}

const minutes = (count: number) => count * 60_000;

/** Every suite, in the order in which they run. */
export const suites: readonly Suite[] = [
  { name: 'unit', about: 'each package and example by itself', needs: [], fileLimit: minutes(3) },
  { name: 'architecture', about: 'who may import whom', needs: [], fileLimit: minutes(1) },
  { name: 'tooling', about: 'launcher, test runner, generated docs', needs: [], fileLimit: minutes(3) },
  { name: 'sim', about: 'seeded simulation on virtual time', needs: [], fileLimit: minutes(5) },
  {
    name: 'fault',
    about: 'real agents and services, killed and starved in every state',
    needs: [linux],
    fileLimit: minutes(6),
  },
  { name: 'terminal', about: 'the contract suite in a terminal', needs: [], fileLimit: minutes(5) },
  { name: 'container', about: 'the contract suite as PID 1', needs: [namespaces], fileLimit: minutes(5) },
  {
    name: 'systemd',
    about: 'against a real systemd in its own namespaces',
    needs: [namespaces, systemdSetup, systemdRoot],
    fileLimit: minutes(6),
  },
  {
    name: 'uml',
    about: 'limits under cgroup v2, in a kernel of its own (User-Mode Linux)',
    needs: [linuxX64, namespaces, userModeLinux],
    fileLimit: minutes(5),
  },
  {
    name: 'build',
    about: 'executables for every target',
    needs: [debianPackages('openssl', 'osslsigncode', 'skopeo')],
    fileLimit: minutes(6),
  },
  {
    name: 'wine',
    about: "against Wine 10's Service Control Manager",
    needs: [linuxX64, wineSetup, wine, windowsNode],
    fileLimit: minutes(6),
  },
  { name: 'e2e', about: "a newcomer's way from nothing to a service", needs: [], fileLimit: minutes(6) },
];

/**
 * The suite that a test file belongs to, by its place: `x.SUITE.test.ts` anywhere, `test/SUITE/…`,
 * `test/…/SUITE.test.ts`, and else the unit tests of its package or example.
 */
export function suiteOf(file: string): string | undefined {
  const names = new Set(suites.map((suite) => suite.name));
  const parts = basename(file, '.test.ts').split('.');
  const last = parts.at(-1) ?? '';
  if (parts.length > 1 && names.has(last)) return last;
  if (!file.startsWith('test/')) return 'unit';
  if (names.has(last) && parts.length === 1) return last;
  return dirname(file)
    .split('/')
    .find((folder) => names.has(folder));
}

const places = ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'];

/** Every test file of the checkout, relative to `root`, in a stable order. */
export async function findTestFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(places, { cwd: root, exclude: ['**/node_modules/**', '**/fixtures/**'] })) {
    files.push(file.replaceAll('\\', '/'));
  }
  return files.sort();
}
