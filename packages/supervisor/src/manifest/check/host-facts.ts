import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, extname, isAbsolute, join, resolve } from 'node:path';

import { messageOf } from '@mainstay/core';

import type { HostFacts } from './check-manifest.ts';

export interface HostFactsOptions {
  /** Of the agent; a service's own goes before it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** True for an address that the running agent holds for the same manifest. */
  isOurs(address: { readonly host: string; readonly port: number }): boolean;
  capabilities: HostFacts['capabilities'];
}

/** Looks at this machine. Leaves nothing behind; a port is taken for an instant to see whether it can be. */
export function hostFacts(options: HostFactsOptions): HostFacts {
  return {
    commandProblem: (command, { cwd, env }) =>
      commandProblem(command, cwd, { ...options.environment, ...env }),
    folderProblem,
    writeProblem,
    portProblem: async (address) => (options.isOurs(address) ? undefined : portProblem(address)),
    userProblem,
    capabilities: (kind) => options.capabilities(kind),
  };
}

async function commandProblem(
  command: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const hasFolder = /[/\\]/.test(command);
  // Names of variables have no case on Windows, where it is written Path.
  const path = env.PATH ?? Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
  const folders = hasFolder || isAbsolute(command) ? [cwd] : path.split(delimiter).filter(Boolean);
  let found: string | undefined;
  for (const folder of folders)
    for (const name of namesOf(command, env)) {
      const file = resolve(folder, name);
      const kind = await kindOf(file);
      if (kind === 'executable') return undefined;
      if (kind === 'file') found ??= file;
    }
  if (found !== undefined) return `names ${found}, which cannot be executed; make it executable (chmod +x)`;
  if (hasFolder) return `names ${resolve(cwd, command)}, which is not there`;
  return `names "${command}", which is not in a folder of PATH; install it, or write its whole path`;
}

/** On Windows the ending may be left out (CreateProcess, PATHEXT). */
function namesOf(command: string, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (process.platform !== 'win32' || extname(command) !== '') return [command];
  return (env.PATHEXT ?? '.EXE;.CMD;.BAT').split(';').map((extension) => `${command}${extension}`);
}

async function kindOf(file: string): Promise<'executable' | 'file' | undefined> {
  try {
    if (!(await stat(file)).isFile()) return undefined;
  } catch {
    return undefined;
  }
  try {
    await access(file, constants.X_OK);
    return 'executable';
  } catch {
    return 'file';
  }
}

async function folderProblem(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : `is ${path}, which is not a folder`;
  } catch (error) {
    return `is ${path}, which cannot be entered: ${messageOf(error)}`;
  }
}

async function writeProblem(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return `is below ${path}, which is not a folder`;
    await access(path, constants.W_OK | constants.X_OK);
    return await holdingProblem(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing && dirname(path) !== path) return writeProblem(dirname(path));
    return `cannot be written: ${messageOf(error)}`;
  }
}

/**
 * The superuser may write in /proc and /sys, says access(2), and can make nothing there. A file system that keeps files
 * has blocks to keep them in (statfs(2)); one that has none is tried out, as tmpfs without a bound has none either.
 */
async function holdingProblem(path: string): Promise<string | undefined> {
  if ((await statfs(path)).blocks > 0) return undefined;
  let trial: string | undefined;
  try {
    trial = await mkdtemp(join(path, '.mainstay-'));
    await writeFile(join(trial, 'file'), 'x');
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `cannot be in ${path}, where no folders with files can be made (${code ?? messageOf(error)}); choose another place`;
  } finally {
    if (trial !== undefined) {
      await rm(join(trial, 'file'), { force: true });
      // Not `rm`: a cgroup is removed whole, the files in it cannot be (cgroups(7)).
      await rmdir(trial);
    }
  }
}

async function portProblem({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<string | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ host, port, exclusive: true }, done);
    });
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      return `has port ${port}, which another program has taken; stop that one, or use another`;
    if (code === 'EACCES') return `has port ${port}, which takes more privilege to listen on`;
    if (code === 'EADDRNOTAVAIL') return `has the address ${host}, which is not one of this machine`;
    return `cannot be listened on: ${messageOf(error)}`;
  } finally {
    if (server.listening) await new Promise((done) => server.close(done));
  }
}

/** id(1) asks whoever knows: files, LDAP, … (nsswitch.conf(5)). On Windows the logon shows it. */
async function userProblem(name: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  return new Promise((done) => {
    execFile('id', ['-u', '--', name], (error) => {
      const isUnknown = error !== null && typeof error.code === 'number';
      done(isUnknown ? `is "${name}", and there is no such user` : undefined);
    });
  });
}
