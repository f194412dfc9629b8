import type { ProgramSettings } from '@mainstay/core';

/** Settings of a program of the agent's without any limit. */
export function programOf(change: Partial<ProgramSettings> = {}): ProgramSettings {
  return {
    owner: '/var/lib/agent',
    readiness: 'exec',
    workingDirectory: '/srv',
    neverOn: [],
    successOn: [],
    stopSignal: undefined,
    stopCommand: undefined,
    reloadSignal: undefined,
    limits: {
      memorySoftBytes: undefined,
      memoryHardBytes: undefined,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      nice: undefined,
    },
    endsFile: undefined,
    ...change,
  };
}
