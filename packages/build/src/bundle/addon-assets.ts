import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buildErrors } from '../errors.ts';
import { platformOf, targets, type Target } from '../targets.ts';
import type { NativeAddon, NativeAddons, PlatformPackages } from './native-addons.ts';

/**
 * The assets that the program's native addons need on a target.
 *
 * @throws AppError BUILD_NATIVE_ADDON_MISSING naming the package, the target and what the package has
 */
export async function addonAssets(addons: NativeAddons, target: Target): Promise<Map<string, Buffer>> {
  const wanted = platformOf(target);
  const assets = new Map<string, Buffer>();
  const add = (key: string, bytes: Buffer): void => {
    assets.set(key, bytes);
    assets.set(`${key}.sha256`, Buffer.from(createHash('sha256').update(bytes).digest('hex')));
  };
  for (const addon of addons.found.values()) {
    const binary = addon.binaries.find((one) => one.platform === wanted.platform && one.arch === wanted.arch);
    if (binary !== undefined) add(addon.asset, await readFile(binary.file));
    else if (!isPlatformPackage(addon, addons))
      throw missing(addon.package, target, addon.binaries.map(nameOf));
  }
  for (const packages of addons.platformPackages.values()) {
    const used = usedPlatformPackages(packages, addons);
    if (used.length === 0) continue;
    const has = used.flatMap((addon) => addon.binaries.map(nameOf));
    if (!has.includes(target)) throw missing(packages.package, target, has);
  }
  return assets;
}

/** Whether the addon is one platform's part of another package: that it lacks the other platforms is right. */
function isPlatformPackage(addon: NativeAddon, addons: NativeAddons): boolean {
  return [...addons.platformPackages.values()].some(
    ({ names, package: parent }) =>
      names.includes(addon.package.name) || (parent.folder === addon.package.folder && names.length > 0),
  );
}

function usedPlatformPackages(packages: PlatformPackages, addons: NativeAddons): NativeAddon[] {
  return [...addons.found.values()].filter(
    (addon) =>
      packages.names.includes(addon.package.name) ||
      (packages.names.length > 0 && addon.package.folder === packages.package.folder),
  );
}

function nameOf(platform: { platform: string; arch: string }): string {
  return (
    targets.find(
      (target) =>
        platformOf(target).platform === platform.platform && platformOf(target).arch === platform.arch,
    ) ?? `${platform.platform}-${platform.arch}`
  );
}

function missing(addon: { name: string; version: string }, target: Target, has: readonly string[]): Error {
  const names = [...new Set(has)];
  const list = names.length === 0 ? 'it has none that is installed here' : `it has ${names.join(', ')}`;
  const { platform, arch } = platformOf(target);
  return buildErrors.error(
    'BUILD_NATIVE_ADDON_MISSING',
    `${addon.name}@${addon.version} is a native addon without a binary for ${target} (${list}); install one (npm install --os=${platform} --cpu=${arch}), use another package, or leave ${target} out`,
    { details: { package: addon.name, version: addon.version, target, has: names } },
  );
}
