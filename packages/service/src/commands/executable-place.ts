import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { posix, win32 } from 'node:path';

import { messageOf, type ServiceScope } from '@mainstay/core';

import { commandErrors } from './errors.ts';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly temporary: string;
}

export function surroundingsOf(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Surroundings {
  return { platform, env, home: homedir(), temporary: tmpdir() };
}

/**
 * Where executables of services belong: FHS 3.0 `/opt`, Windows' Program Files, a directory of the user's own.
 * The one place that will know of version directories when updates come.
 */
export function placeFor(name: string, scope: ServiceScope, surroundings: Surroundings): string {
  const { platform, env, home } = surroundings;
  if (platform === 'win32') {
    const parent =
      scope === 'system'
        ? (env.ProgramFiles ?? 'C:\\Program Files')
        : win32.join(env.LOCALAPPDATA ?? win32.join(home, 'AppData', 'Local'), 'Programs');
    return win32.join(parent, name, `${name}.exe`);
  }
  if (scope === 'user') return posix.join(home, '.local', 'lib', name, name);
  return posix.join(platform === 'darwin' ? '/usr/local/lib' : '/opt', name, name);
}

/** Why a service should not live where its executable lies, in words; undefined when the place is fine. */
export function placeProblem(
  executable: string,
  scope: ServiceScope,
  surroundings: Surroundings,
): string | undefined {
  const { platform, home, temporary, env } = surroundings;
  const path = platform === 'win32' ? win32 : posix;
  const inside = (directory: string | undefined) => {
    if (directory === undefined || directory === '' || path.parse(directory).root === directory) return false;
    const relative = path.relative(directory, executable);
    return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  };
  if ([temporary, env.TEMP, env.TMP, '/tmp', '/var/tmp'].some((directory) => inside(directory)))
    return 'it lies in a directory for temporary files, which is emptied from time to time';
  if (inside(path.join(home, 'Downloads'))) return 'it lies among the downloads';
  if (scope === 'system' && (inside(home) || (platform === 'linux' && (inside('/home') || inside('/root')))))
    return "it lies in a home directory, which the service's account cannot read";
  return undefined;
}

/** Copies the executable, replacing what is there in one step. Throws COMMAND_COPY_FAILED. */
export async function copyExecutable(from: string, to: string, platform: NodeJS.Platform): Promise<void> {
  const path = platform === 'win32' ? win32 : posix;
  const partial = `${to}.${process.pid}.partial`;
  try {
    await mkdir(path.dirname(to), { recursive: true, mode: 0o755 });
    // A running program cannot be written to (ETXTBSY), but its name can be given to another file.
    await copyFile(from, partial);
    await chmod(partial, 0o755);
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    throw commandErrors.error(
      'COMMAND_COPY_FAILED',
      `Cannot copy the executable to ${to}: ${messageOf(error)}`,
      { cause: error, ...(code === 'EACCES' || code === 'EPERM' ? { exitCode: 4 } : {}) },
    );
  }
}
