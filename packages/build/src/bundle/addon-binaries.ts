import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TargetPlatform } from '../targets.ts';
import { binaryPlatform } from './binary-platform.ts';

export interface AddonPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly os: readonly string[] | undefined;
  readonly cpu: readonly string[] | undefined;
  readonly libc: readonly string[] | undefined;
}

export interface AddonBinary extends TargetPlatform {
  readonly file: string;
}

/**
 * The binaries of a package by platform: prebuildify's `prebuilds/<platform>-<arch>/*.node`, node-gyp's
 * `build/Release/*.node`, or the one file that was named. What a file is for is read from the file, not from its name.
 */
export async function addonBinaries(addon: AddonPackage, named: string | undefined): Promise<AddonBinary[]> {
  const candidates: string[] = [];
  const prebuilds = join(addon.folder, 'prebuilds');
  for (const platform of await namesIn(prebuilds)) {
    const files = (await namesIn(join(prebuilds, platform))).filter((name) => name.endsWith('.node'));
    // Executables carry Node's glibc build: a musl binary does not load there.
    const usable = files.filter((name) => !name.includes('musl') && !name.includes('electron'));
    const napi = usable.filter((name) => name.includes('napi') || name.startsWith('node.napi'));
    const best = (napi.length > 0 ? napi : usable)[0];
    if (best !== undefined) candidates.push(join(prebuilds, platform, best));
  }
  const built = join(addon.folder, 'build/Release');
  for (const name of await namesIn(built)) if (name.endsWith('.node')) candidates.push(join(built, name));
  const chosen =
    named === undefined
      ? candidates
      : [named, ...candidates.filter((file) => basename(file) === basename(named))];

  const binaries: AddonBinary[] = [];
  for (const file of chosen) {
    for (const platform of binaryPlatform(await readFile(file))) {
      const isKnown = binaries.some(
        (known) => known.platform === platform.platform && known.arch === platform.arch,
      );
      if (!isKnown) binaries.push({ ...platform, file });
    }
  }
  return binaries;
}

/** Names in a folder, sorted; none if there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort((a, b) => (a < b ? -1 : 1));
}
