import { homedir, tmpdir } from 'node:os';
import { posix, win32 } from 'node:path';

import type { ServiceScope } from '@mainstay/core';

import { isPathTooLong, socketName } from './socket/path.ts';

/** Where one agent keeps its things. Two agents share none of them. */
export interface AgentDirectories {
  /** The applied manifest and what the supervisor remembers; must outlive the machine. */
  readonly state: string;
  /** Socket and pipes; may be empty after a boot. */
  readonly runtime: string;
  /** Output of the services. */
  readonly logs: string;
}

export interface DirectoryFacts {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly temporary: string;
  /** Undefined where there are no user ids. */
  readonly uid: number | undefined;
}

export function directoryFacts(): DirectoryFacts {
  return {
    platform: process.platform,
    env: process.env,
    home: homedir(),
    temporary: tmpdir(),
    uid: process.getuid?.(),
  };
}

/**
 * Directories of the machine's agent, or of the user's own: FHS 3.0 and the XDG Base Directory Specification, on
 * Windows %ProgramData% and %LOCALAPPDATA%. Pure.
 */
export function installedDirectories(scope: ServiceScope, facts: DirectoryFacts): AgentDirectories {
  const { platform, env, home } = facts;
  if (platform === 'win32') {
    const base =
      scope === 'system'
        ? (env['ProgramData'] ?? 'C:\\ProgramData')
        : (env['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local'));
    return below(win32.join(base, 'Mainstay'), win32.join);
  }
  if (scope === 'system') {
    const run = platform === 'darwin' ? '/var/run' : '/run';
    return { state: '/var/lib/mainstay', runtime: `${run}/mainstay`, logs: '/var/log/mainstay' };
  }
  const state = posix.join(xdg(env['XDG_STATE_HOME']) ?? posix.join(home, '.local', 'state'), 'mainstay');
  return { state, runtime: userRuntime(state, facts), logs: posix.join(state, 'logs') };
}

/**
 * Directories of the agent of `mainstay up`: `.mainstay/` beside the manifest. Where that path is too long for a socket,
 * the runtime directory lies among the user's own, under a name made of the folder. Pure.
 */
export function directoriesBeside(folder: string, facts: DirectoryFacts): AgentDirectories {
  const { join } = facts.platform === 'win32' ? win32 : posix;
  const own = below(join(folder, '.mainstay'), join);
  if (!isPathTooLong(join(own.runtime, socketName), facts.platform)) return own;
  // Loaded here alone: most agents never need it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const parent = xdg(facts.env['XDG_RUNTIME_DIR']);
  const runtime =
    parent === undefined
      ? join(facts.temporary, `mainstay-${facts.uid ?? ''}-${name}`)
      : join(parent, `mainstay-${name}`);
  return { ...own, runtime };
}

function below(base: string, join: (...parts: string[]) => string): AgentDirectories {
  return { state: join(base, 'state'), runtime: join(base, 'run'), logs: join(base, 'logs') };
}

/** Without a session there is no XDG_RUNTIME_DIR, as under cron; the state directory serves as well. */
function userRuntime(state: string, { env }: DirectoryFacts): string {
  const runtime = xdg(env['XDG_RUNTIME_DIR']);
  return runtime === undefined ? posix.join(state, 'run') : posix.join(runtime, 'mainstay');
}

/** XDG Base Directory Specification 0.8: "All paths must be absolute"; others are to be ignored. */
function xdg(path: string | undefined): string | undefined {
  return path !== undefined && posix.isAbsolute(path) ? path : undefined;
}
