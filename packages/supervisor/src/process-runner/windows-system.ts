import { runnerErrors } from '../runner/errors.ts';
import { NodePipes } from './node-pipes.ts';
import type { ProcessSystem } from './process-system.ts';
import { stopFromOutside } from './stop-from-outside.ts';

const noSignals = 'Windows has no signals';

export function createWindowsSystem(): ProcessSystem {
  return {
    detached: false,
    unavailableStops: { signal: noSignals, window: 'it is not supported yet' },
    openPipes: () => new NodePipes(),
    async stop(by, target) {
      if (by.type === 'signal' || by.type === 'window')
        throw runnerErrors.error('RUN_CANNOT_ASK', `It cannot be asked to end: ${noSignals}`);
      await stopFromOutside(by, target);
    },
    signal() {
      throw runnerErrors.error('RUN_CANNOT_ASK', `No signal can be sent: ${noSignals}`);
    },
    openFiles: () => undefined,
    leftovers: async () => [],
    close: () => undefined,
  };
}
