import type { Plugin } from 'esbuild';
import { builderFolder, resolveFromBuilder } from '../project/builder-packages.ts';

const sdk = /^@mainstay\//;
const namespace = 'mainstay-required';

/** Gives a project that has not installed the SDK the builder's copy. */
export function sdkPlugin(): Plugin {
  const tried = Symbol('tried');
  return {
    name: 'mainstay-sdk',
    setup(context) {
      context.onResolve({ filter: sdk }, async (args) => {
        if (args.pluginData === tried) return undefined;
        const { path: specifier, ...rest } = args;
        const resolved = await context.resolve(specifier, { ...rest, pluginData: tried });
        if (resolved.errors.length === 0) return resolved;
        const own = await context.resolve(specifier, {
          ...rest,
          resolveDir: builderFolder,
          pluginData: tried,
        });
        if (own.errors.length === 0) return own;
        const file = resolveFromBuilder(specifier);
        return file === undefined ? resolved : { path: file };
      });
    },
  };
}

/**
 * Leaves the SDK out, as imports for the next pass. A `require` of it becomes an import as well: a `require` that is
 * left over could no longer be told from one of a built-in module.
 */
export function externalSdkPlugin(): Plugin {
  return {
    name: 'mainstay-external-sdk',
    setup(context) {
      context.onResolve({ filter: sdk }, ({ path, kind }) =>
        kind === 'require-call' ? { path, namespace } : { path, external: true },
      );
      context.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `export * from ${JSON.stringify(path)};`,
      }));
    },
  };
}
