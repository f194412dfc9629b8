import { access, constants, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { isSea } from 'node:sea';

import type { Located } from '@mainstay/supervisor';

import { tryLocateSource } from '../launcher.ts';

const sourceExtensions = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']);

/** The program of `service: path`: an executable that was built, or the source that Node runs. */
export async function locateProgram(path: string): Promise<Located> {
  if (!sourceExtensions.has(extname(path)) && (await isFile(path))) {
    if (await isExecutable(path))
      return { ok: true, program: { command: path, args: ['run'], cwd: dirname(path) } };
    return { ok: false, message: `${path} is a file that cannot be executed; make it executable (chmod +x)` };
  }
  // There is no Node here but the one inside, and that runs this program.
  if (isSea())
    return {
      ok: false,
      message: `${path} is not an executable, and an installed agent runs no sources: build it with \`mainstay build\`, and name what that makes`,
    };
  const found = await tryLocateSource(path);
  if (!found.ok) return found;
  const { folder, args } = found.program;
  return { ok: true, program: { command: process.execPath, args: [...args, 'run'], cwd: folder } };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    // On Windows X_OK is R_OK (access documentation of Node); the file's ending decides there.
    await access(path, constants.X_OK);
    return process.platform !== 'win32' || extname(path).toLowerCase() === '.exe';
  } catch {
    return false;
  }
}
