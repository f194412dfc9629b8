import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServiceDirectories, ServiceScope } from '@mainstay/core';

/** Where things are kept; systemd.unit(5) "Unit File Load Path", file-hierarchy(7). */
export interface SystemdPaths {
  readonly units: string;
  /** RuntimeDirectory= is made below it. */
  readonly runtime: string;
  directoriesFor(name: string): ServiceDirectories;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function systemdPaths(scope: ServiceScope, env: Environment = process.env): SystemdPaths {
  if (scope === 'system') {
    return {
      units: '/etc/systemd/system',
      runtime: '/run',
      directoriesFor: (name) => ({
        state: join('/var/lib', name),
        logs: join('/var/log', name),
        config: join('/etc', name),
      }),
    };
  }
  const home = env['HOME'] || homedir();
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  const state = env['XDG_STATE_HOME'] || join(home, '.local', 'state');
  return {
    units: join(config, 'systemd', 'user'),
    runtime: env['XDG_RUNTIME_DIR'] || `/run/user/${process.getuid?.() ?? 0}`,
    directoriesFor: (name) => ({
      state: join(state, name),
      logs: join(state, 'log', name),
      config: join(config, name),
    }),
  };
}
