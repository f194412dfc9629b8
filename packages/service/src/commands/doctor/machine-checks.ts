import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatSize, messageOf, type ServiceDirectories } from '@mainstay/core';
import { explainCurrentHost, probeFfi } from '@mainstay/platform';

import { fail, ok, warn, type Check } from './check.ts';

const mebibyte = 1024 ** 2;

/** Under this a service can hardly write its logs. */
const leastFreeBytes = 64 * mebibyte;
/** Under this somebody should look. */
const scarceFreeBytes = 1024 * mebibyte;

/** How a service started from here would be hosted: what it can be told, and by whom. */
export function hostCheck(explain = explainCurrentHost): Check {
  return {
    name: 'host',
    async run() {
      const { kind, reason } = explain();
      return ok(`${kind}: ${reason}`);
    },
  };
}

/** Whether this user may change services of the whole machine. */
export function privilegeCheck(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, userScope: boolean): Check {
  return {
    name: 'privilege',
    async run() {
      if (userScope) return ok('services of this user need none');
      if (platform === 'win32') {
        try {
          // Only administrators may list it, whatever the language of the system calls them.
          await readdir(`${env.SystemRoot ?? 'C:\\Windows'}\\System32\\config`);
          return ok('administrator');
        } catch {
          return warn('not an administrator', 'Open a terminal as administrator, or use --user');
        }
      }
      if (process.geteuid?.() === 0) return ok('root');
      return warn(
        `user id ${process.geteuid?.()}, not root`,
        'Use sudo to install, start and stop, or --user',
      );
    },
  };
}

export function directoryChecks(directories: ServiceDirectories, platform: NodeJS.Platform): Check[] {
  return (['state', 'logs', 'config'] as const).map((kind) => ({
    name: `${kind} dir`,
    async run() {
      const path = directories[kind];
      let mode: number;
      try {
        const stats = await stat(path);
        if (!stats.isDirectory()) return fail(`${path} is not a directory`, 'Move it away, then run install');
        mode = stats.mode;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return ok(`${path} is made when it is needed`);
        return warn(`${path}: ${messageOf(error)}`, 'Run doctor as an administrator to look into it');
      }
      if (platform !== 'win32' && (mode & 0o002) !== 0)
        return fail(`${path} can be written by everyone`, `Run: chmod o-w ${path}`);
      return ok(path);
    },
  }));
}

export function runtimeCheck(expected: string | undefined): Check {
  return {
    name: 'runtime',
    async run() {
      const { node } = process.versions;
      if (expected !== undefined && expected !== node)
        return fail(`Node ${node}, built for ${expected}`, 'Build the executable again');
      return ok(`Node ${node}, ${process.platform}-${process.arch}`);
    },
  };
}

/** Loads the FFI library, which checks its hash in a built executable. */
export function ffiCheck(isExecutable = false): Check {
  return {
    name: 'ffi',
    async run() {
      try {
        return ok(
          `koffi ${await probeFfi()} loads${isExecutable ? ', and is the one that was built in (SHA-256)' : ''}`,
        );
      } catch (error) {
        return fail(
          messageOf(error),
          'Copy the executable again, or see that it may write to one of the directories named',
        );
      }
    },
  };
}

export function diskCheck(path: string): Check {
  return {
    name: 'disk',
    async run() {
      const directory = await nearestExisting(path);
      const { bavail, bsize } = await statfs(directory);
      const free = bavail * bsize;
      const detail = `${formatSize(free)} free for ${path}`;
      if (free < leastFreeBytes) return fail(detail, 'Make room on the disk');
      return free < scarceFreeBytes ? warn(detail, 'Make room before it runs out') : ok(detail);
    },
  };
}

async function nearestExisting(path: string): Promise<string> {
  for (let current = path; ; current = dirname(current)) {
    try {
      await access(current);
      return current;
    } catch (error) {
      if (dirname(current) === current) throw error;
    }
  }
}

/** systemd: whether this user may read the journal, where the service's output goes (systemd-journald(8)). */
export function journalCheck(): Check {
  return {
    name: 'journal',
    async run() {
      for (const directory of ['/var/log/journal', '/run/log/journal']) {
        try {
          const [machine] = await readdir(directory);
          if (machine === undefined) continue;
          await access(`${directory}/${machine}`, constants.R_OK | constants.X_OK);
          return ok(directory);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
          return warn(
            `${directory}: ${messageOf(error)}`,
            'Add this user to the group systemd-journal to read logs',
          );
        }
      }
      return warn('there is no journal', 'See that systemd-journald runs; until then `logs` has nothing');
    },
  };
}
