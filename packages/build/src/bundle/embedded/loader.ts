// Runs inside an executable, in its main thread and in its worker threads, before anything of the program. The builder
// fills in what is declared here. Written for a short start: every service runs it.
import type { ChunkPlace } from '../loader.ts';

declare const ENTRY: string;
declare const PLACES: Readonly<Record<string, ChunkPlace>>;
declare const PROGRAM_ASSET: string;
declare const PARAMETERS: readonly string[];

type Exports = Record<string, unknown>;

const { compileFunction } = process.getBuiltinModule('node:vm');
const { getRawAsset } = process.getBuiltinModule('node:sea');
const file = process.execPath;
const url = process.getBuiltinModule('node:url').pathToFileURL(file).href;
const folder = process.getBuiltinModule('node:path').dirname(file);
// A view: nothing is copied but the chunks that are asked for.
const program = getRawAsset(PROGRAM_ASSET);
const modules = new Map<string, { exports: Exports }>();

/** `require` of the chunks: evaluates each once, as CommonJS does; a cycle sees what is there so far. */
function load(id: string): unknown {
  const place = PLACES[id];
  if (place === undefined) return builtin(id);
  const loaded = modules.get(id);
  if (loaded) return loaded.exports;
  const module: { exports: Exports } = { exports: {} };
  modules.set(id, module);
  try {
    const [offset, bytes, lineOffset] = place;
    const code = Buffer.from(program, offset, bytes).toString();
    // Positions are those in the whole program, which is what the source map is of.
    const evaluate = compileFunction(code, PARAMETERS, { filename: PROGRAM_ASSET, lineOffset });
    evaluate.call(module.exports, load, module, module.exports, file, folder, url, file, folder);
  } catch (error) {
    modules.delete(id);
    throw error;
  }
  return module.exports;
}

/** Never a file: what lies in the working directory must not get into the program. */
function builtin(id: string): unknown {
  const module: unknown = process.getBuiltinModule(id);
  if (module !== undefined) return module;
  throw Object.assign(new Error(`Cannot find module '${id}': it was not bundled`), {
    code: 'MODULE_NOT_FOUND',
  });
}

// child_process.fork and cluster would hand the embedded flags to a child as arguments; the child, being the same
// executable, has them built in.
process.execArgv.length = 0;
load(ENTRY);
