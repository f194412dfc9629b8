import { loadRunningPrograms } from '@mainstay/platform';

import { runnerErrors } from '../runner/errors.ts';
import { NodePipes } from './node-pipes.ts';
import type { ProcessSystem, StopTarget } from './process-system.ts';
import { stopFromOutside } from './stop-from-outside.ts';

/**
 * What stands for a signal. Ctrl-C is what most programs take for "end": Node, Python and Go as SIGINT, .NET as
 * CancelKeyPress; few have a handler for Ctrl-Break, and end without one at once.
 */
export function consoleEventOf(signal: string): 'ctrl-c' | 'ctrl-break' {
  return signal === 'SIGBREAK' ? 'ctrl-break' : 'ctrl-c';
}

/**
 * Each program has a hidden console of its own (`windowsHide`, nothing inherited), so a console event reaches it and
 * what it has started, and neither its neighbours nor the agent.
 */
export function createWindowsSystem(): ProcessSystem {
  const loading = loadRunningPrograms();
  let loaded: Awaited<typeof loading> | undefined;
  // Told to those who ask for something, below.
  loading.then((programs) => (loaded = programs)).catch(() => undefined);
  return {
    detached: false,
    unavailableStops: {},
    openPipes: () => new NodePipes(),
    async stop(by, target) {
      if (by.type !== 'signal' && by.type !== 'window')
        return await unlessEnded(stopFromOutside(by, target), target);
      const { pid, timeoutMs } = target;
      const programs = await loading;
      if (by.type === 'signal') {
        return await programs.sendConsoleEvent(pid, consoleEventOf(by.signal), { timeoutMs });
      }
      await programs.closeWindows(pid, { timeoutMs });
    },
    signal(_pid, name) {
      throw runnerErrors.error('RUN_CANNOT_ASK', `${name} cannot be sent: Windows has no signals`);
    },
    openFiles: (pid) => loaded?.countHandles(pid),
    leftovers: async () => [],
    close: () => undefined,
  };
}

/** A stop command runs in the program's job, so it may be ended because the program has done what it was asked. */
async function unlessEnded(asking: Promise<void>, { child }: StopTarget): Promise<void> {
  try {
    await asking;
  } catch (error) {
    if (child.exitCode === null && child.signalCode === null) throw error;
  }
}
