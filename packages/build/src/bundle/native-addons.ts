import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve as resolvePath, sep } from 'node:path';
import type { OnLoadResult, Plugin } from 'esbuild';
import { addonBinaries, type AddonBinary, type AddonPackage } from './addon-binaries.ts';

/** Prefix of the assets that hold native addons; the hash of each is at the same key with `.sha256` behind it. */
const assetPrefix = 'native/';
const namespace = 'mainstay-native';
const importPrefix = 'mainstay-native:';

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
  /** Packages that get their binary from a package per platform (napi-rs): the names they list as optional. */
  readonly platformPackages: ReadonlyMap<string, PlatformPackages>;
}

export interface PlatformPackages {
  readonly package: AddonPackage;
  /** Optional dependencies that name an operating system, whether installed or not. */
  readonly names: readonly string[];
  /** Folders they may be installed in, nearest first. */
  readonly searchFolders: readonly string[];
}

/**
 * Makes `require` of a native addon load an embedded asset. Three ways of finding an addon are known: a `.node` file
 * named in `require`, `node-gyp-build` and `bindings`. The bundle is the same for all targets; which binary the
 * asset holds is decided per target.
 */
export function nativeAddons(): NativeAddons {
  const found = new Map<string, NativeAddon>();
  const platformPackages = new Map<string, PlatformPackages>();
  const register = async (folder: string, file: string | undefined): Promise<string> => {
    const addon = await describe(folder, file);
    found.set(addon.asset, addon);
    return addon.asset;
  };
  const plugin: Plugin = {
    name: 'mainstay-native-addons',
    setup(context) {
      context.onResolve({ filter: /\.node$/ }, async (args) => {
        if (!args.path.startsWith('.') && !args.path.startsWith('/')) return undefined;
        const file = resolvePath(args.resolveDir, args.path);
        if (!(await isFile(file))) return { path: args.path, external: true };
        return { path: await register(await packageFolder(file), file), namespace };
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
        const folder = found.get(args.path)?.package.folder;
        return {
          contents: loader(args.path),
          loader: 'js',
          ...(folder === undefined ? {} : { resolveDir: folder }),
        };
      });
      context.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async (args) => {
        const folder = await packageFolder(args.path);
        await notePlatformPackages(folder, platformPackages);
        return await replaceFinders(args.path, folder);
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

const platformName = /(?:linux|win32|windows|darwin|macos)/;

async function notePlatformPackages(folder: string, into: Map<string, PlatformPackages>): Promise<void> {
  if (into.has(folder)) return;
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')) as {
    optionalDependencies?: Record<string, string>;
  };
  const names = Object.keys(manifest.optionalDependencies ?? {}).filter((name) => platformName.test(name));
  const searchFolders: string[] = [];
  for (let parent = folder; ; parent = dirname(parent)) {
    searchFolders.push(join(parent, 'node_modules'));
    if (dirname(parent) === parent) break;
  }
  into.set(folder, { package: await readPackage(folder), names, searchFolders });
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
