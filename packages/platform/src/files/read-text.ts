import { readFile } from 'node:fs/promises';

/** A file's text; undefined when it is not there. Throws what `readFile` does for all else. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
