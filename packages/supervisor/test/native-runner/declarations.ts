import type { Logger } from '@mainstay/core';

import type { ServiceDeclaration } from '../../src/manifest/types.ts';
import { defaultRestartRules } from '../../src/restart/types.ts';
import type { RunOutput } from '../../src/output/types.ts';
import type { RunEvents, RunSpec } from '../../src/runner/types.ts';

export const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  child: () => silent,
};

export const noOutput = (): RunOutput => ({ write: () => true, onDrain: undefined, end: async () => {} });

export const noEvents: RunEvents = { onStatus() {}, onOutOfMemory() {} };

/** A program of `sh`, of which there is one instance. */
export function declarationOf(
  script: string,
  { name = 'shop', ...change }: Partial<ServiceDeclaration> = {},
): ServiceDeclaration {
  return {
    name,
    program: { type: 'exec', command: 'sh', args: ['-c', script] },
    cwd: '/',
    env: {},
    user: undefined,
    runner: 'native',
    instances: 1,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: defaultRestartRules,
    stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 5_000, reloadSignal: undefined },
    limits: {
      memorySoftBytes: undefined,
      memoryHardBytes: undefined,
      reclaimMs: 60_000,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      openFilesAlertShare: 0.9,
      priority: undefined,
    },
    logs: { rotateBytes: 1024, rotateAgeMs: undefined, keep: 1, compress: false },
    dependsOn: [],
    autoStart: true,
    ...change,
  };
}

export function specOf(declaration: ServiceDeclaration, run = 1, instance = 0): RunSpec {
  return {
    id: { service: declaration.name, instance, run },
    declaration,
    env: {
      ...process.env,
      ...declaration.env,
      MAINSTAY_SERVICE: declaration.name,
      MAINSTAY_INSTANCE: String(instance),
      MAINSTAY_RUN: String(run),
    },
  };
}
