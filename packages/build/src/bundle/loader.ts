import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { importMetaNames } from './import-meta.ts';

/** Names of assets; the SDK starts worker threads from the first. */
export const loaderAsset = 'main.js';
export const programAsset = 'program.js';

/** Where a chunk lies in the program: offset and length in bytes, and number of the first line, from 0. */
export type ChunkPlace = readonly [offset: number, bytes: number, line: number];

const source = fileURLToPath(new URL('embedded/loader.ts', import.meta.url));

/** The script that an executable and its threads begin with: knows where the chunks are, and runs the first. */
export async function loaderScript(
  entry: string,
  places: Readonly<Record<string, ChunkPlace>>,
): Promise<string> {
  const { code } = await transform(await readFile(source, 'utf8'), {
    loader: 'ts',
    format: 'iife',
    target: 'node26',
    minify: true,
    charset: 'ascii',
    define: {
      ENTRY: JSON.stringify(entry),
      PLACES: JSON.stringify(places),
      PROGRAM_ASSET: JSON.stringify(programAsset),
      PARAMETERS: JSON.stringify([
        'require',
        'module',
        'exports',
        '__filename',
        '__dirname',
        importMetaNames.url,
        importMetaNames.filename,
        importMetaNames.dirname,
      ]),
    },
  });
  return code;
}
