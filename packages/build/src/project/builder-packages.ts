import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The builder's own copies of what a service imports, for a project that has none installed: resolved from where the
 * builder itself lies, in a checkout (workspaces) and in an installation alike.
 */
const here = dirname(fileURLToPath(import.meta.url));
const requireHere = createRequire(import.meta.url);

/** Folder from which the builder's own dependencies resolve. */
export const builderFolder = here;

/** Specifiers of the SDK; a project may import any of them. */
export const sdkSpecifiers = [
  '@mainstay/service',
  '@mainstay/service/main',
  '@mainstay/service/config',
  '@mainstay/core',
  '@mainstay/platform',
];

/**
 * Absolute path of a module as the builder sees it, undefined if it has none. Looks at `exports` itself: a specifier
 * whose target file is TypeScript must not be loaded to be found.
 */
export function resolveFromBuilder(specifier: string): string | undefined {
  try {
    return requireHere.resolve(specifier);
  } catch {
    return resolveSelf(specifier);
  }
}

/** In a checkout the SDK may lie beside the builder without being one of its dependencies. */
function resolveSelf(specifier: string): string | undefined {
  const [scope, name, ...rest] = specifier.split('/');
  if (scope !== '@mainstay' || name === undefined) return undefined;
  const folder = join(here, '../../..', name);
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports?: Record<string, string>;
    };
    const target = manifest.exports?.[rest.length === 0 ? '.' : `./${rest.join('/')}`];
    return target === undefined ? undefined : join(folder, target);
  } catch {
    return undefined;
  }
}

/** The version of Mainstay that builds. */
export function builderVersion(): string {
  const manifest = JSON.parse(readFileSync(join(here, '../../package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** A package's folder as the builder or, first, the given folder sees it. */
export function packageFolderFrom(name: string, folders: readonly string[]): string | undefined {
  for (const folder of [...folders, here]) {
    try {
      return dirname(createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`));
    } catch {
      // Not from here.
    }
  }
  return undefined;
}
