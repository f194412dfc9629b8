import {
  build,
  formatMessages,
  type BuildFailure,
  type BuildOptions,
  type Message,
  type OutputFile,
  type Plugin,
} from 'esbuild';
import { buildErrors } from '../errors.ts';
import type { Project } from '../project/load-project.ts';
import { chunkProgram } from './chunks.ts';
import { importMetaDefines } from './import-meta.ts';
import { loaderScript } from './loader.ts';
import { externalSdkPlugin, sdkPlugin } from './sdk-plugin.ts';

export interface BundleOptions {
  readonly project: Project;
  /** @default false */
  readonly sourceMap?: boolean;
  readonly plugins?: readonly Plugin[];
  /** Colours in the error messages. @default false */
  readonly color?: boolean;
}

export interface Bundle {
  /** The script to begin with. */
  readonly loader: string;
  /** What the loader takes its chunks from. */
  readonly code: string;
  /** Of the code; present when it was asked for. Names no absolute path. */
  readonly sourceMap?: string;
  /** The licences of what is bundled, which travel with it. */
  readonly licences: string;
  readonly warnings: readonly string[];
}

/**
 * Bundles the program into minified CommonJS chunks without any path or time of this machine in them. A service starts
 * by compiling the few chunks that it needs: the SDK's commands, its other hosts and what they import stay text.
 *
 * The user's own modules are one chunk: the bundler evaluates the modules of shared chunks early, which a program that
 * relies on the order of its imports would notice. Inside the chunk `import()` is lazy: the module is evaluated when
 * the import is.
 *
 * @throws AppError BUILD_BUNDLE_FAILED with esbuild's messages
 */
export async function bundleProject(options: BundleOptions): Promise<Bundle> {
  const { project } = options;
  try {
    const own = await bundleOwnModules(options);
    const whole = await bundleWithSdk(options, own.outputFiles[0]?.text ?? '');
    const { code, places, entry, sourceMap } = await chunkProgram(
      whole.outputFiles.filter(({ path }) => path.endsWith('.js')),
      'main.js',
    );
    const warnings = await formatMessages([...own.warnings, ...whole.warnings], {
      kind: 'warning',
      color: options.color ?? false,
    });
    return {
      loader: await loaderScript(entry, places),
      code,
      ...(sourceMap === undefined ? {} : { sourceMap }),
      licences: licencesIn(whole.outputFiles),
      warnings: warnings.map((warning) => warning.trim()),
    };
  } catch (error) {
    throw await bundleFailure(error, project, options.color ?? false);
  }
}

const common = {
  bundle: true,
  write: false,
  // Also because paths of modules are left in otherwise.
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  // A program is CommonJS in the end: said here, where the messages name the user's own line.
  supported: { 'top-level-await': false, 'import-meta': false },
  sourcesContent: true,
  define: { ...importMetaDefines, 'process.env.NODE_ENV': '"production"' },
  logLevel: 'silent',
  loader: { '.sql': 'text', '.html': 'text', '.txt': 'text' },
} as const satisfies BuildOptions;

async function bundleOwnModules({
  project,
  sourceMap = false,
  plugins = [],
}: BundleOptions): Promise<{ outputFiles: OutputFile[]; warnings: Message[] }> {
  return await build({
    ...common,
    entryPoints: [project.entry],
    absWorkingDir: project.folder,
    outfile: 'program.js',
    legalComments: 'inline',
    sourcemap: sourceMap ? 'inline' : false,
    external: ['koffi'],
    plugins: [externalSdkPlugin(), ...plugins],
  });
}

const programModule = 'mainstay:program';

async function bundleWithSdk(
  { project, sourceMap = false, plugins = [] }: BundleOptions,
  own: string,
): Promise<{ outputFiles: OutputFile[]; warnings: Message[] }> {
  return await build({
    ...common,
    stdin: {
      contents: virtualEntry,
      resolveDir: project.folder,
      sourcefile: 'mainstay-entry.ts',
      loader: 'ts',
    },
    absWorkingDir: project.folder,
    outdir: '.',
    entryNames: 'main',
    splitting: true,
    legalComments: 'external',
    sourcemap: sourceMap ? 'inline' : false,
    // The FFI library comes as an asset: its own loader looks for files that are not there.
    external: ['koffi'],
    plugins: [ownModulesPlugin(project, own), sdkPlugin(), ...plugins],
  });
}

/**
 * The program is the same on all targets; what differs between them it reads from the `mainstay.json` asset, which
 * worker threads see too.
 */
const virtualEntry = [
  "import { main } from '@mainstay/service/main';",
  "const build = JSON.parse(process.getBuiltinModule('node:sea').getAsset('mainstay.json', 'utf8'));",
  `void main({ load: () => import('${programModule}'), build });`,
].join('\n');

/** The user's modules, bundled already, as one module. */
function ownModulesPlugin(project: Project, contents: string): Plugin {
  return {
    name: 'mainstay-program',
    setup(context) {
      context.onResolve({ filter: new RegExp(`^${programModule}$`) }, ({ path }) => ({
        path,
        namespace: 'mainstay-program',
      }));
      context.onLoad({ filter: /.*/, namespace: 'mainstay-program' }, () => ({
        contents,
        loader: 'js',
        resolveDir: project.folder,
      }));
    },
  };
}

/** Each comment once, from the files that the bundler puts them in. */
function licencesIn(files: readonly OutputFile[]): string {
  const texts = files.filter(({ path }) => path.endsWith('.LEGAL.txt')).map(({ text }) => text);
  return [...new Set(texts.flatMap((text) => text.split(/(?<=\*\/)\n+/)))].sort().join('\n');
}

async function bundleFailure(error: unknown, project: Project, color: boolean): Promise<Error> {
  const messages: Message[] = isBuildFailure(error) ? error.errors : [];
  if (messages.length === 0) {
    return buildErrors.error('BUILD_BUNDLE_FAILED', `The bundler failed: ${String(error)}`, { cause: error });
  }
  const texts = await formatMessages(messages, { kind: 'error', color });
  const count = messages.length;
  return buildErrors.error(
    'BUILD_BUNDLE_FAILED',
    `${project.name} cannot be bundled (${count} error${count === 1 ? '' : 's'}); nothing was written\n${texts.map((text) => text.trim()).join('\n')}`,
    { cause: error, details: { count } },
  );
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
