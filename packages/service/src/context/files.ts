import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import type { Logger } from '@mainstay/core';
import type { DisposableFiles } from './disposer.ts';
import { makeLockFile } from './lock-file.ts';
import { makeTemporaryDirectory, removeLeftovers } from './temporary-directory.ts';

/** Files of a service that do not outlive it. */
export function disposableFiles(serviceName: string, log: Logger): DisposableFiles {
  const parent = temporaryParent(process.env);
  let isClean = false;
  return {
    temporaryDirectory() {
      if (!isClean) {
        isClean = true;
        for (const path of removeLeftovers(parent, serviceName)) {
          log.warn({ path }, 'Removed what a killed run left behind');
        }
      }
      return makeTemporaryDirectory(parent, serviceName);
    },
    lockFile: (path) =>
      makeLockFile(path, (stale) => {
        log.warn(
          { path, pid: stale.pid, file: basename(path) },
          'Took over the lock of a run that has ended',
        );
      }),
  };
}

/** systemd removes RUNTIME_DIRECTORY with the unit (systemd.exec(5)); the first one if there are several. */
function temporaryParent(env: NodeJS.ProcessEnv): string {
  return env['RUNTIME_DIRECTORY']?.split(':')[0] || tmpdir();
}
