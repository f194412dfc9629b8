import { readdirSync, statSync } from 'node:fs';

import type { Clock, Logger } from '@mainstay/core';
import { findUser } from '@mainstay/platform';

import { runnerErrors } from '../runner/errors.ts';
import { FifoStore } from './fifo-store.ts';
import { PosixPipes } from './posix-pipes.ts';
import type { ProcessSystem } from './process-system.ts';
import { stopBySignal, stopFromOutside } from './stop-from-outside.ts';

const noWindows = 'there are no window messages outside Windows: use a signal';

export function createPosixSystem(options: {
  /** Of the output pipes. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
}): ProcessSystem {
  const { clock, log } = options;
  const store = new FifoStore(options.directory);
  return {
    detached: true,
    unavailableStops: { window: noWindows },
    openPipes: (id, user) =>
      new PosixPipes(store, id, { clock, log, owner: user === undefined ? undefined : findUser(user) }),
    async stop(by, target) {
      if (by.type === 'signal') stopBySignal(by.signal, target.pid);
      else if (by.type === 'window')
        throw runnerErrors.error('RUN_CANNOT_ASK', `It cannot be asked: ${noWindows}`);
      else await stopFromOutside(by, target);
    },
    signal: (pid, name) => stopBySignal(name, pid),
    openFiles,
    leftovers: async () => store.leftovers(),
    close: () => store.close(),
  };
}

/** Since Linux 6.2 the size of the directory is the number of descriptors (proc_pid_fd(5)); before, it is 0. */
function openFiles(pid: number): number | undefined {
  const path = `/proc/${pid}/fd`;
  try {
    return statSync(path).size || readdirSync(path).length;
  } catch {
    return undefined;
  }
}
