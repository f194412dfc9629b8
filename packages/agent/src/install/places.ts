import { posix, win32 } from 'node:path';

import type { ServiceScope } from '@mainstay/core';

import type { DirectoryFacts } from '../directories.ts';

/** Id of the agent at every service manager. */
export const agentServiceName = 'mainstay-agent';

/**
 * Where the executables of the agent are, one folder a version: a running one is never written over, and the one before
 * is there to go back to. FHS 3.0 `/opt`, Windows' Program Files, a directory of the user's own. Pure.
 */
export function programFolder(scope: ServiceScope, { platform, env, home }: DirectoryFacts): string {
  if (platform === 'win32') {
    const parent =
      scope === 'system'
        ? (env['ProgramFiles'] ?? 'C:\\Program Files')
        : win32.join(env['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local'), 'Programs');
    return win32.join(parent, agentServiceName);
  }
  if (scope === 'user') return posix.join(home, '.local', 'lib', agentServiceName);
  return posix.join(platform === 'darwin' ? '/usr/local/lib' : '/opt', agentServiceName);
}
