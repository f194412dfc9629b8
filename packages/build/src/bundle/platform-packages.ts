import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TargetPlatform } from '../targets.ts';
import type { AddonPackage } from './addon-binaries.ts';

/**
 * A package that holds an addon's binary for one platform (the way of napi-rs): an optional dependency of the package
 * that loads it. npm installs only the one of the machine it runs on.
 */
export interface PlatformPackage {
  /** Key of its asset. */
  readonly asset: string;
  readonly name: string;
  /** The package that loads it. */
  readonly parent: AddonPackage;
  /** Where it is installed, undefined if it is not. */
  readonly folder: string | undefined;
  /** From the installed package or from package-lock.json; undefined when neither knows it. */
  readonly fits: ((platform: TargetPlatform) => boolean) | undefined;
  /** From package-lock.json. */
  readonly locked: { readonly version: string; readonly integrity: string } | undefined;
}

/** What package.json and package-lock.json have in common. */
interface PackageFields {
  readonly version?: string;
  readonly main?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly integrity?: string;
}

const platformName = /linux|win32|windows|darwin|macos/;

/**
 * What is known of the package that a specifier names, if it is one of the parent's platform packages. Which of them are
 * installed makes no difference to the answer's being one: the bundle must not depend on the machine that builds.
 */
export async function findPlatformPackage(
  specifier: string,
  parent: AddonPackage,
  assetPrefix: string,
): Promise<PlatformPackage | undefined> {
  if (!platformName.test(specifier)) return undefined;
  const manifest = await readJson<{ optionalDependencies?: Record<string, string> }>(
    join(parent.folder, 'package.json'),
  );
  if (manifest?.optionalDependencies?.[specifier] === undefined) return undefined;
  const installed = await findInstalled(specifier, parent.folder);
  if (installed !== undefined && !(installed.fields.main ?? '').endsWith('.node')) return undefined;
  const lock = await findLocked(specifier, parent.folder);
  const { version, integrity } = lock ?? {};
  const fields = installed?.fields ?? lock;
  return {
    name: specifier,
    asset: `${assetPrefix}${specifier}`,
    parent,
    folder: installed?.folder,
    fits: fields === undefined ? undefined : (platform) => fits(fields, platform),
    locked: version === undefined || integrity === undefined ? undefined : { version, integrity },
  };
}

/** `os`, `cpu` and `libc` as npm reads them: a list of names, or of names that are excluded. */
function fits({ os, cpu, libc }: PackageFields, { platform, arch }: TargetPlatform): boolean {
  // Executables carry Node's glibc build.
  return allows(os, platform) && allows(cpu, arch) && (platform !== 'linux' || allows(libc, 'glibc'));
}

function allows(list: readonly string[] | undefined, name: string): boolean {
  if (list === undefined || list.length === 0) return true;
  if (list.includes(`!${name}`)) return false;
  return list.includes(name) || list.every((item) => item.startsWith('!'));
}

async function findInstalled(
  name: string,
  from: string,
): Promise<{ folder: string; fields: PackageFields } | undefined> {
  for (const parent of upwards(from)) {
    const folder = join(parent, 'node_modules', name);
    const fields = await readJson<PackageFields>(join(folder, 'package.json'));
    if (fields !== undefined) return { folder, fields };
  }
  return undefined;
}

/** The entry of the nearest lockfile, which also lists what is not installed on this machine. */
async function findLocked(name: string, from: string): Promise<PackageFields | undefined> {
  for (const root of upwards(from)) {
    for (const file of ['npm-shrinkwrap.json', 'package-lock.json']) {
      const lock = await readJson<{ packages?: Record<string, PackageFields> }>(join(root, file));
      if (lock?.packages === undefined) continue;
      for (const parent of upwards(from, root)) {
        const key = join(parent, 'node_modules', name).slice(root.length + 1);
        const entry = lock.packages[key.replaceAll('\\', '/')];
        if (entry !== undefined) return entry;
      }
    }
  }
  return undefined;
}

/** The folder, the one above it and so on up to `last` or the root. */
function upwards(folder: string, last?: string): string[] {
  const above = dirname(folder);
  return folder === last || above === folder ? [folder] : [folder, ...upwards(above, last)];
}

async function readJson<Document>(file: string): Promise<Document | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Document);
}
