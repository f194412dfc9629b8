import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

import {
  defaultRestartRules,
  type Manifest,
  type ProbeRules,
  type ProbeTarget,
  type ResourceLimits,
  type RestartRules,
  type ServiceDeclaration,
} from '@mainstay/supervisor';

const noLimits: ResourceLimits = {
  memorySoftBytes: undefined,
  memoryHardBytes: undefined,
  reclaimMs: 60_000,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  openFilesAlertShare: 0.9,
  priority: undefined,
};

/** What runs a line of shell. The first line that is written tells that traps are set. */
export function shellService(
  name: string,
  script: string,
  changes: Partial<ServiceDeclaration> = {},
): ServiceDeclaration {
  return {
    name,
    program: { type: 'exec', command: 'sh', args: ['-c', script] },
    cwd: tmpdir(),
    env: {},
    user: undefined,
    runner: 'process',
    instances: 1,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: { ...defaultRestartRules, backoffMinMs: 50, backoffMaxMs: 200, crashLoopStarts: 1000 },
    stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 5000, reloadSignal: undefined },
    limits: noLimits,
    logs: { rotateBytes: 10 * 1024 ** 2, rotateAgeMs: undefined, keep: 1000, compress: true },
    dependsOn: [],
    autoStart: true,
    ...changes,
  };
}

/** Lives, with a child that would outlive it, until it is told to end. */
export const twoProcesses = 'sleep 100000 & echo up; wait';

/** A program of lines with numbers; see fixtures/writer.mjs. */
export function writerService(
  name: string,
  writer: {
    readonly countFile: string;
    readonly lines: number;
    readonly atOnce?: number;
    readonly pauseMs?: number;
  },
  changes: Partial<ServiceDeclaration> = {},
): ServiceDeclaration {
  const { countFile, lines, atOnce = 500, pauseMs = 0 } = writer;
  const script = fileURLToPath(new URL('../fixtures/writer.mjs', import.meta.url));
  return shellService(name, '', {
    program: {
      type: 'exec',
      command: process.execPath,
      args: [script, countFile, String(lines), String(atOnce), String(pauseMs)],
    },
    ...changes,
  });
}

export const limitsOf = (changes: Partial<ResourceLimits>): ResourceLimits => ({ ...noLimits, ...changes });

export const restartRules = (changes: Partial<RestartRules>): RestartRules => ({
  ...defaultRestartRules,
  ...changes,
});

export function probeOf(target: ProbeTarget, changes: Partial<ProbeRules> = {}): ProbeRules {
  return { target, intervalMs: 100, timeoutMs: 2000, failures: 2, successes: 1, delayMs: 0, ...changes };
}

export function manifestOf(...services: readonly ServiceDeclaration[]): Manifest {
  return {
    services,
    alerts: { targets: [], on: ['state'], repeatMs: 3_600_000, perMinute: 10 },
    metrics: { listen: undefined },
    logs: { directory: undefined, totalBytes: 4 * 1024 ** 3 },
  };
}
