import { relative } from 'node:path';
import { build, formatMessages, type BuildFailure, type Message, type Metafile, type Plugin } from 'esbuild';
import { buildErrors } from '../errors.ts';
import { builderFolder, resolveFromBuilder } from '../project/builder-packages.ts';
import type { Project } from '../project/load-project.ts';
import { importMetaDefines, prelude } from './prelude.ts';

export interface BundleOptions {
  readonly project: Project;
  /** @default false */
  readonly sourceMap?: boolean;
  readonly plugins?: readonly Plugin[];
  /** Colours in the error messages. @default false */
  readonly color?: boolean;
}

export interface Bundle {
  readonly code: string;
  /** Present when it was asked for. Names no absolute path. */
  readonly sourceMap?: string;
  readonly warnings: readonly string[];
  readonly metafile: Metafile;
}

/**
 * Bundles the program into one minified CommonJS file without any path or time of this machine in it. `import()` of a
 * bundled module stays lazy: the module is evaluated when the import is.
 *
 * @throws AppError BUILD_BUNDLE_FAILED with esbuild's messages
 */
export async function bundleProject(options: BundleOptions): Promise<Bundle> {
  const { project } = options;
  const result = await build({
    stdin: {
      contents: virtualEntry(project),
      resolveDir: project.folder,
      sourcefile: 'mainstay-entry.ts',
      loader: 'ts',
    },
    absWorkingDir: project.folder,
    outfile: 'main.js',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    minify: true,
    charset: 'utf8',
    // The licences of what is bundled travel with it.
    legalComments: 'eof',
    sourcemap: options.sourceMap === true ? 'external' : false,
    sourcesContent: true,
    define: { ...importMetaDefines, 'process.env.NODE_ENV': '"production"' },
    banner: { js: prelude },
    // The FFI library comes as an asset: its own loader looks for files that are not there.
    external: ['koffi'],
    logLevel: 'silent',
    plugins: [sdkPlugin(), ...(options.plugins ?? [])],
    loader: { '.sql': 'text', '.html': 'text', '.txt': 'text' },
  }).catch(async (error: unknown) => {
    throw await bundleFailure(error, options);
  });
  const code = result.outputFiles.find((file) => file.path.endsWith('main.js'))?.text ?? '';
  const map = result.outputFiles.find((file) => file.path.endsWith('.map'))?.text;
  const warnings = await formatMessages(result.warnings, { kind: 'warning', color: options.color ?? false });
  return {
    code,
    ...(map === undefined ? {} : { sourceMap: portableSourceMap(map) }),
    warnings: warnings.map((warning) => warning.trim()),
    metafile: result.metafile,
  };
}

/**
 * The program is the same on all targets; what differs between them it reads from the `mainstay.json` asset, which
 * worker threads see too.
 */
function virtualEntry(project: Project): string {
  const entry = `./${relative(project.folder, project.entry).replaceAll('\\', '/')}`;
  return [
    "import { main } from '@mainstay/service/main';",
    "const build = JSON.parse(process.getBuiltinModule('node:sea').getAsset('mainstay.json', 'utf8'));",
    `void main({ load: () => import(${JSON.stringify(entry)}), build });`,
  ].join('\n');
}

/** Gives a project that has not installed the SDK the builder's copy. */
function sdkPlugin(): Plugin {
  const tried = Symbol('tried');
  return {
    name: 'mainstay-sdk',
    setup(context) {
      context.onResolve({ filter: /^@mainstay\// }, async (args) => {
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

async function bundleFailure(error: unknown, options: BundleOptions): Promise<Error> {
  const messages: Message[] = isBuildFailure(error) ? error.errors : [];
  if (messages.length === 0) {
    return buildErrors.error('BUILD_BUNDLE_FAILED', `The bundler failed: ${String(error)}`, { cause: error });
  }
  const texts = await formatMessages(messages, { kind: 'error', color: options.color ?? false });
  const count = messages.length;
  return buildErrors.error(
    'BUILD_BUNDLE_FAILED',
    `${options.project.name} cannot be bundled (${count} error${count === 1 ? '' : 's'}); nothing was written\n${texts.map((text) => text.trim()).join('\n')}`,
    { cause: error, details: { count } },
  );
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** Sources of dependencies by their place in node_modules or in a package, wherever that lies on this machine. */
function portableSourceMap(text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    source.replace(/^(?:\.\.\/|\/|[A-Za-z]:\/).*?((?:node_modules|packages)\/.*)$/, '$1'),
  );
  return JSON.stringify(map);
}
