import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve as resolvePath, sep } from 'node:path';
import type { OnLoadResult, Plugin } from 'esbuild';
import { addonBinaries, type AddonBinary, type AddonPackage } from './addon-binaries.ts';
import { findPlatformPackage, type PlatformPackage } from './platform-packages.ts';

/** Prefix of the assets that hold native addons; the hash of each is at the same key with `.sha256` behind it. */
const assetPrefix = 'native/';
const namespace = 'mainstay-native';
const importPrefix = 'mainstay-native:';
/** A bare package name, with or without a scope, and no path in it. */
const packageName = /^(?:@[^/:]+\/)?[^./@:][^/:]*$/;
const inPackage = /[\\/]node_modules[\\/]/;

/** One place in the program where a native addon is loaded. */
export interface NativeAddon {
  /** Key of its asset. */
  readonly asset: string;
  readonly package: AddonPackage;
  /** For each platform that has one. */
  readonly binaries: readonly AddonBinary[];
}

export interface NativeAddons {
  readonly plugin: Plugin;
  /** Complete when the bundle is. */
  readonly found: ReadonlyMap<string, NativeAddon>;
  /** The packages per platform that the program loads, for all platforms, by asset. */
  readonly platformPackages: ReadonlyMap<string, PlatformPackage>;
}

/**
 * Makes `require` of a native addon load an embedded asset. Four ways of finding an addon are known: a `.node` file
 * named in `require`, `node-gyp-build`, `bindings`, and a package per platform. The bundle is the same for all targets; which binary the
 * asset holds is decided per target.
 */
export function nativeAddons(): NativeAddons {
  const found = new Map<string, NativeAddon>();
  const platformPackages = new Map<string, PlatformPackage>();
  const register = async (folder: string, file: string | undefined): Promise<string> => {
    const addon = await describe(folder, file);
    found.set(addon.asset, addon);
    return addon.asset;
  };
  const plugin: Plugin = {
    name: 'mainstay-native-addons',
    setup(context) {
      context.onResolve({ filter: /\.node$/ }, async (args) => {
        if (!args.path.startsWith('.') && !isAbsolute(args.path)) return undefined;
        const file = resolvePath(args.resolveDir, args.path);
        if (!(await isFile(file))) return { path: args.path, external: true };
        return { path: await register(await packageFolder(file), file), namespace };
      });
      context.onResolve({ filter: packageName }, async (args) => {
        if (!inPackage.test(args.importer)) return undefined;
        const parent = await readPackage(await packageFolder(args.importer));
        const found = await findPlatformPackage(args.path, parent, assetPrefix);
        if (found === undefined) return undefined;
        platformPackages.set(found.asset, found);
        return { path: found.asset, namespace };
      });
      context.onResolve({ filter: new RegExp(`^${importPrefix}`) }, async (args) => ({
        path: await register(args.path.slice(importPrefix.length), undefined),
        namespace,
      }));
      context.onLoad({ filter: /\.node$/, namespace: 'file' }, async (args) => {
        const asset = await register(await packageFolder(args.path), args.path);
        return { contents: loader(asset), loader: 'js', resolveDir: dirname(args.path) };
      });
      context.onLoad({ filter: /.*/, namespace }, (args): OnLoadResult => {
        const folder = found.get(args.path)?.package.folder ?? platformPackages.get(args.path)?.parent.folder;
        return {
          contents: loader(args.path),
          loader: 'js',
          ...(folder === undefined ? {} : { resolveDir: folder }),
        };
      });
      context.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async (args) => {
        return await replaceFinders(args.path, await packageFolder(args.path));
      });
    },
  };
  return { plugin, found, platformPackages };
}

/** The module that stands for an addon. The loader checks the hash and the folder that the file is placed in. */
function loader(asset: string): string {
  const key = JSON.stringify(asset);
  return [
    "const { loadLibrary } = require('@mainstay/platform/native-library');",
    "const sea = process.getBuiltinModule('node:sea');",
    'const target = { exports: {} };',
    `const library = { bytes: new Uint8Array(sea.getRawAsset(${key})), sha256: sea.getAsset(${key} + '.sha256', 'utf8') };`,
    'loadLibrary(library, target);',
    'module.exports = target.exports;',
  ].join('\n');
}

/** `require('node-gyp-build')(__dirname)` and `require('bindings')('name')` look for files that will not be there. */
const finder =
  /require\(\s*(['"])(?:node-gyp-build(?:\/node-gyp-build(?:\.js)?)?|bindings)\1\s*\)\s*\((?:[^()]|\([^()]*\))*\)/g;

async function replaceFinders(file: string, folder: string): Promise<OnLoadResult | undefined> {
  const source = await readFile(file, 'utf8');
  if (!source.includes('node-gyp-build') && !source.includes('bindings')) return undefined;
  const replaced = source.replace(finder, () => `require(${JSON.stringify(importPrefix + folder)})`);
  return replaced === source ? undefined : { contents: replaced, loader: 'js' };
}

async function describe(folder: string, file: string | undefined): Promise<NativeAddon> {
  const addonPackage = await readPackage(folder);
  const named = file === undefined ? '' : `/${relative(folder, file).split(sep).join('/')}`;
  const binaries = await addonBinaries(addonPackage, file);
  return { asset: `${assetPrefix}${addonPackage.name}${named}`, package: addonPackage, binaries };
}

async function readPackage(folder: string): Promise<AddonPackage> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')) as {
    name?: string;
    version?: string;
    os?: string[];
    cpu?: string[];
    libc?: string[];
  };
  return {
    folder,
    name: manifest.name ?? 'unknown',
    version: manifest.version ?? '0.0.0',
    os: manifest.os,
    cpu: manifest.cpu,
    libc: manifest.libc,
  };
}

/** The nearest folder upwards that holds a package.json with a name. */
async function packageFolder(file: string): Promise<string> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined && (JSON.parse(text) as { name?: string }).name !== undefined) return folder;
    if (dirname(folder) === folder) return dirname(file);
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
