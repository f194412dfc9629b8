import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

import { nativeErrors } from './errors.ts';

export interface ProgramSearch {
  readonly command: string;
  /** Absolute; a path with a slash is below it. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default process.platform */
  readonly platform?: NodeJS.Platform;
}

/**
 * The file that a command names, as execvp(3) and CreateProcess find it: managers want an absolute path. Throws
 * NATIVE_PROGRAM_NOT_FOUND, which a unit would report as an exit code alone (203/EXEC).
 */
export async function findProgram(search: ProgramSearch): Promise<string> {
  for (const path of candidates(search)) if (await isProgram(path)) return path;
  throw nativeErrors.error(
    'NATIVE_PROGRAM_NOT_FOUND',
    `No program ${search.command} to run: ${
      hasFolder(search.command) ? 'there is no such executable file' : 'it is in no directory of PATH'
    }; correct \`exec\`, or install it`,
    { details: { command: search.command } },
  );
}

function candidates({ command, cwd, env, platform = process.platform }: ProgramSearch): string[] {
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = hasFolder(command) ? [''] : (env[pathName] ?? '').split(delimiter).filter(Boolean);
  // CreateProcess adds .exe; what else PATHEXT names needs a shell.
  const endings = platform === 'win32' && !/\.\w+$/.test(command) ? ['.exe', '.com'] : [''];
  return folders.flatMap((folder) =>
    endings.map((ending) => {
      const file = `${command}${ending}`;
      return isAbsolute(file) ? file : resolve(cwd, join(folder, file));
    }),
  );
}

function hasFolder(command: string): boolean {
  return command.includes('/') || command.includes('\\');
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
