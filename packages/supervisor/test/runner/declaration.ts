import type { ResourceLimits, ServiceDeclaration } from '../../src/manifest/types.ts';
import { defaultRestartRules } from '../../src/restart/types.ts';

export const noLimits: ResourceLimits = {
  memorySoftBytes: undefined,
  memoryHardBytes: undefined,
  reclaimMs: 60_000,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  openFilesAlertShare: 0.9,
  priority: undefined,
};

/** A declaration as the manifest has it when nothing but a program is said. */
export function declare(
  changes: Partial<ServiceDeclaration> & Pick<ServiceDeclaration, 'program'>,
): ServiceDeclaration {
  return {
    name: 'subject',
    cwd: process.cwd(),
    env: {},
    user: undefined,
    runner: 'process',
    instances: 1,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: defaultRestartRules,
    stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 10_000, reloadSignal: undefined },
    limits: noLimits,
    logs: { rotateBytes: 10 * 1024 * 1024, rotateAgeMs: undefined, keep: 8, compress: true },
    dependsOn: [],
    autoStart: true,
    ...changes,
  };
}
