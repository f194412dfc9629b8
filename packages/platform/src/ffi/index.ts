import type KoffiModule from 'koffi';
import { createRequire } from 'node:module';
import { platformErrors } from '../errors.ts';
import { readEmbeddedLibrary } from './embedded.ts';
import { loadLibrary, type NativeModule } from './load.ts';

/** koffi's own API; the native module carries all of it, its JavaScript is not needed. */
export type Koffi = typeof KoffiModule;

let loaded: Koffi | undefined;

/**
 * The FFI library, loaded when it is first asked for (about 2 ms). From source it is the file in node_modules; in the
 * executable it is an embedded asset, which is checked and loaded from where nobody else can put another one.
 * Throws FFI_UNAVAILABLE, FFI_TAMPERED.
 */
export function ffi(): Koffi {
  loaded ??= load();
  return loaded;
}

function load(): Koffi {
  const embedded = readEmbeddedLibrary();
  const module: NativeModule = { exports: {} };
  if (embedded) loadLibrary(embedded, module);
  else loadFromPackages(module);
  return module.exports as Koffi;
}

function loadFromPackages(module: NativeModule): void {
  const triplet = `${process.platform}_${process.arch}`;
  const builds = process.platform === 'linux' ? [triplet, `musl_${process.arch}`] : [triplet];
  const failures: unknown[] = [];
  for (const build of builds) {
    try {
      // Resolved from koffi's own folder: that is where npm guarantees its platform package to be visible.
      const koffi = createRequire(createRequire(import.meta.url).resolve('koffi'));
      process.dlopen(
        module,
        koffi.resolve(`@koromix/koffi-${process.platform}-${process.arch}/${build}/koffi.node`),
      );
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw platformErrors.error(
    'FFI_UNAVAILABLE',
    `The FFI library for ${process.platform}-${process.arch} cannot be loaded; run \`npm ci\` so that koffi's platform package is installed`,
    { cause: new AggregateError(failures) },
  );
}
