import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServiceDirectories, ServiceScope } from '@mainstay/core';

/** Where things are kept on macOS (launchd.plist(5), FILES; hier(7)). */
export interface LaunchdPaths {
  /** Jobs in it are loaded with the machine, or with the user's session. */
  readonly jobs: string;
  directoriesFor(name: string): ServiceDirectories;
}

export function launchdPaths(scope: ServiceScope, home: string = homedir()): LaunchdPaths {
  if (scope === 'system') {
    return {
      jobs: '/Library/LaunchDaemons',
      directoriesFor: (name) => ({
        state: join('/Library/Application Support', name),
        logs: join('/Library/Logs', name),
        config: join('/usr/local/etc', name),
      }),
    };
  }
  const library = join(home, 'Library');
  return {
    jobs: join(library, 'LaunchAgents'),
    directoriesFor: (name) => ({
      state: join(library, 'Application Support', name),
      logs: join(library, 'Logs', name),
      config: join(library, 'Preferences', name),
    }),
  };
}
