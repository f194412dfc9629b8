import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve, sep } from 'node:path';

import { messageOf } from '@mainstay/core';

import { runnerErrors } from '../runner/errors.ts';

/** What the shell and execvp(3) search when there is no PATH; confstr(3), _CS_PATH. */
const defaultPath = '/bin:/usr/bin';

/**
 * The file that would be executed. Looked up by us, because behind the shell that enters the containment a program that
 * is not there would be an exit code 127 like any other.
 *
 * @throws RUN_NO_PROGRAM, RUN_NO_FOLDER
 */
export function findProgram(command: string, cwd: string, env: Readonly<Record<string, string>>): string {
  checkFolder(cwd);
  if (command.includes('/') || (process.platform === 'win32' && command.includes(sep)))
    return check(isAbsolute(command) ? command : resolve(cwd, command), command);
  if (process.platform === 'win32') return command;
  let refused: Error | undefined;
  for (const folder of (env.PATH ?? defaultPath).split(delimiter)) {
    try {
      return check(join(resolve(cwd, folder), command), command);
    } catch (error) {
      // What is there and may not be executed is worth more to be told than that there is nothing elsewhere.
      if ((error as { details?: { isThere?: boolean } }).details?.isThere === true)
        refused ??= error as Error;
    }
  }
  throw (
    refused ??
    runnerErrors.error(
      'RUN_NO_PROGRAM',
      `There is no program "${command}" on PATH (${env.PATH ?? defaultPath})`,
    )
  );
}

function checkFolder(cwd: string): void {
  try {
    if (!statSync(cwd).isDirectory())
      throw runnerErrors.error('RUN_NO_FOLDER', `${cwd} is no folder, so nothing can run in it`);
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    if ('details' in (error as object)) throw error;
    throw runnerErrors.error('RUN_NO_FOLDER', `Nothing can run in ${cwd}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function check(path: string, command: string): string {
  const fail = (why: string, isThere: boolean, cause?: unknown): Error =>
    runnerErrors.error('RUN_NO_PROGRAM', `Cannot run "${command}": ${why}`, {
      details: { path, isThere },
      cause,
    });
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw fail(isMissing ? `${path} does not exist` : messageOf(error), !isMissing, error);
  }
  if (stat.isDirectory()) throw fail(`${path} is a folder`, true);
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw fail(`${path} may not be executed`, true, error);
  }
  return path;
}

/** Whether a program is run by Node: by its name, or by the first line of its file. */
export function isNodeProgram(path: string): boolean {
  if (/^node(?:js)?(?:\.exe)?$/i.test(basename(path))) return true;
  return /^#!.*[/\s]node(?:js)?\b/.test(firstLine(path));
}

/** How much of a file may be its `#!` line: BINPRM_BUF_SIZE (execve(2)). */
const firstLineBytes = 256;

function firstLine(path: string): string {
  const buffer = Buffer.alloc(firstLineBytes);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(descriptor, buffer)).split('\n', 1)[0] ?? '';
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
