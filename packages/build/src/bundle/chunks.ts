import { posix } from 'node:path';
import { build, type OutputFile } from 'esbuild';
import type { ChunkPlace } from './loader.ts';

/** Chunks one behind the other, as they travel in the executable. */
export interface ChunkedProgram {
  /** ASCII where JavaScript has a way to say it so, for V8 to keep a byte per character. */
  readonly code: string;
  readonly places: Readonly<Record<string, ChunkPlace>>;
  /** Name of the chunk to begin with. */
  readonly entry: string;
  /** An index map (ECMA-426) of the whole code, when the chunks had maps. */
  readonly sourceMap?: string;
}

interface Chunk {
  readonly code: string;
  readonly map: { readonly sources: string[] } | undefined;
}

/** Stands as the source in the map of a chunk that has none of the program's own code in it. */
const unmapped = 'unmapped.js';
const chunkName = /["']\.\/([\w.-]+\.js)["']/g;

/**
 * Turns the ES modules that the bundler has split the program into into CommonJS, which is evaluated at once and needs
 * no loader of Node's. The names are our own: the bundler's have a hash in them that depends on where sources lie.
 */
export async function chunkProgram(files: readonly OutputFile[], entry: string): Promise<ChunkedProgram> {
  const modules = new Map(files.map(({ path, text }) => [posix.basename(path.replaceAll('\\', '/')), text]));
  const names = nameChunks(modules, entry);
  const places: Record<string, ChunkPlace> = {};
  const sections: object[] = [];
  let code = '';
  let offset = 0;
  let line = 0;
  const chunks = await Promise.all(
    [...names].map(async ([file, name]) => [name, await toCommonJs(modules.get(file) ?? '', names)] as const),
  );
  for (const [name, chunk] of chunks) {
    const bytes = Buffer.byteLength(chunk.code);
    places[name] = [offset, bytes, line];
    if (chunk.map) sections.push({ offset: { line, column: 0 }, map: chunk.map });
    code += chunk.code;
    offset += bytes;
    line += chunk.code.split('\n').length - 1;
  }
  const sourceMap = sections.length === 0 ? undefined : JSON.stringify({ version: 3, sections });
  return { code, places, entry: names.get(entry) ?? entry, ...(sourceMap && { sourceMap }) };
}

/** In the order in which the code names them, beginning with the entry. */
function nameChunks(modules: ReadonlyMap<string, string>, entry: string): Map<string, string> {
  const names = new Map([[entry, './main']]);
  // What is added to a Map while it is walked through is walked through as well.
  for (const file of names.keys()) {
    for (const [, named = ''] of modules.get(file)?.matchAll(chunkName) ?? []) {
      if (modules.has(named) && !names.has(named)) names.set(named, `./${names.size}`);
    }
  }
  return names;
}

async function toCommonJs(contents: string, names: ReadonlyMap<string, string>): Promise<Chunk> {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'js', sourcefile: unmapped },
    outfile: 'program.js',
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    // Becomes `require`: built-in modules and chunks are there without Node's loader of ES modules.
    supported: { 'dynamic-import': false },
    minify: true,
    charset: 'ascii',
    legalComments: 'none',
    sourcemap: contents.includes('//# sourceMappingURL=data:') ? 'external' : false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'mainstay-chunk-names',
        setup(context) {
          context.onResolve({ filter: /.*/ }, ({ path }) => ({
            path: names.get(posix.basename(path)) ?? path,
            external: true,
          }));
        },
      },
    ],
  });
  const text = outputFiles.find(({ path }) => path.endsWith('.map'))?.text;
  const map = text === undefined ? undefined : portableSourceMap(text);
  return {
    code: outputFiles.find(({ path }) => path.endsWith('.js'))?.text ?? '',
    map: map?.sources.includes(unmapped) ? undefined : map,
  };
}

/** Sources of dependencies by their place in node_modules or in a package, wherever that lies on this machine. */
function portableSourceMap(text: string): { sources: string[] } {
  const map = JSON.parse(text) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    source.replace(/^(?:\.\.\/|\/|[A-Za-z]:\/).*?((?:node_modules|packages)\/.*)$/, '$1'),
  );
  return map;
}
