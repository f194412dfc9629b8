import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import { readTarball } from '../runtime/read-tarball.ts';
import type { PinnedPackage } from '../runtime/download.ts';
import { platformOf, targets, type Target } from '../targets.ts';
import type { NativeAddon, NativeAddons } from './native-addons.ts';
import type { PlatformPackage } from './platform-packages.ts';

/** What the program's native addons put into the executable of a target. */
export interface AddonAssets {
  readonly assets: ReadonlyMap<string, Buffer>;
  /** The packages that the binaries are from, for the manifest. */
  readonly inputs: readonly AddonInput[];
}

export interface AddonInput {
  /** `name@version` */
  readonly package: string;
  /** Of a package per platform, as package-lock.json has it. */
  readonly integrity?: string;
  /** Of the binary. */
  readonly sha256: string;
}

/** Gives the tarball of a package. */
export type FetchPackage = (pinned: PinnedPackage, target: Target) => Promise<Buffer>;

/**
 * The assets that the program's native addons need on a target. The package of a platform that is not installed here is
 * fetched as package-lock.json has it.
 *
 * @throws AppError BUILD_NATIVE_ADDON_MISSING naming the package, the target and what the package has; what `fetch` throws
 */
export async function addonAssets(
  addons: NativeAddons,
  target: Target,
  fetch: FetchPackage,
): Promise<AddonAssets> {
  const wanted = platformOf(target);
  const assets = new Map<string, Buffer>();
  const inputs: AddonInput[] = [];
  const add = (key: string, bytes: Buffer, from: Omit<AddonInput, 'sha256'>): void => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assets.set(key, bytes);
    assets.set(`${key}.sha256`, Buffer.from(sha256));
    inputs.push({ ...from, sha256 });
  };
  const families = byParent(addons.platformPackages.values());
  for (const addon of addons.found.values()) {
    const { folder, name, version } = addon.package;
    const binary = addon.binaries.find((one) => one.platform === wanted.platform && one.arch === wanted.arch);
    if (binary !== undefined)
      add(addon.asset, await readFile(binary.file), { package: `${name}@${version}` });
    // With packages per platform, a file beside the code is a local build of the addon's own developers.
    else if (!families.has(folder)) throw missing(addon.package, target, addon.binaries.map(nameOf));
  }
  for (const [folder, packages] of families) {
    const [{ parent }] = packages;
    const own = [...addons.found.values()].filter((addon) => addon.package.folder === folder);
    if (own.some((addon) => assets.has(addon.asset))) continue;
    const chosen = packages.find(({ fits }) => fits?.(wanted));
    if (chosen === undefined) throw missing(parent, target, namesOf(packages, own));
    const { bytes, ...from } = await readBinary(chosen, target, fetch);
    add(chosen.asset, bytes, from);
  }
  inputs.sort((a, b) => (a.package < b.package ? -1 : 1));
  return { assets, inputs };
}

type Family = [PlatformPackage, ...PlatformPackage[]];

function byParent(packages: Iterable<PlatformPackage>): Map<string, Family> {
  const families = new Map<string, Family>();
  const sorted = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const one of sorted) {
    const family = families.get(one.parent.folder);
    if (family === undefined) families.set(one.parent.folder, [one]);
    else family.push(one);
  }
  return families;
}

async function readBinary(
  { name, parent, folder, locked }: PlatformPackage,
  target: Target,
  fetch: FetchPackage,
): Promise<{ bytes: Buffer; package: string; integrity?: string }> {
  if (folder !== undefined) {
    const { version, main } = parseManifest(await readFile(join(folder, 'package.json')));
    const integrity = locked?.version === version ? { integrity: locked.integrity } : {};
    return { bytes: await readFile(join(folder, main)), package: `${name}@${version}`, ...integrity };
  }
  if (locked === undefined) {
    throw missing(parent, target, [], `package-lock.json has no entry with an integrity for ${name}`);
  }
  const pinned = { name, ...locked };
  const files = await readTarball(await fetch(pinned, target));
  const spec = `${name}@${locked.version}`;
  try {
    const { main } = parseManifest(files.get('package.json'));
    const bytes = files.get(posix.normalize(main));
    if (bytes === undefined || !main.endsWith('.node')) throw new Error(`its "main" is ${main}`);
    return { bytes, package: spec, integrity: locked.integrity };
  } catch (cause) {
    throw missing(parent, target, [], `${spec} holds no addon: ${messageOf(cause)}`);
  }
}

function parseManifest(bytes: Buffer | undefined): { version: string; main: string } {
  const { version = '0.0.0', main = 'index.js' } = JSON.parse(bytes?.toString('utf8') ?? '{}') as {
    version?: string;
    main?: string;
  };
  return { version, main };
}

/** The targets that a family of packages is known to serve. */
function namesOf(packages: readonly PlatformPackage[], own: readonly NativeAddon[]): string[] {
  return [
    ...targets.filter((target) => packages.some(({ fits }) => fits?.(platformOf(target)))),
    ...own.flatMap((addon) => addon.binaries.map(nameOf)),
  ];
}

function nameOf(platform: { platform: string; arch: string }): string {
  return (
    targets.find(
      (target) =>
        platformOf(target).platform === platform.platform && platformOf(target).arch === platform.arch,
    ) ?? `${platform.platform}-${platform.arch}`
  );
}

function missing(
  addon: { name: string; version: string },
  target: Target,
  has: readonly string[],
  why?: string,
): Error {
  const names = [...new Set(has)];
  const list = names.length === 0 ? 'it has none that is installed here' : `it has ${names.join(', ')}`;
  const { platform, arch } = platformOf(target);
  return buildErrors.error(
    'BUILD_NATIVE_ADDON_MISSING',
    `${addon.name}@${addon.version} is a native addon without a binary for ${target} (${why ?? list}); install one (npm install --os=${platform} --cpu=${arch}), use another package, or leave ${target} out`,
    { details: { package: addon.name, version: addon.version, target, has: names } },
  );
}
