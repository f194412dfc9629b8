import {
  defaultLifecycleLimits,
  stopAllowanceMs,
  type ServiceManager,
  type ServiceSpec,
} from '@mainstay/core';
import { awaitGuardianCommand } from '@mainstay/platform';

import type { AgentDirectories } from '../directories.ts';
import { stopGraceMs } from '../stop-grace.ts';
import { agentServiceName } from './places.ts';

/** The machine's agent may do what its services may need: it runs as the superuser of the platform. */
const superusers = { systemd: 'root', launchd: 'root', scm: 'LocalSystem' } as const;

/** What the service manager is told about the agent. Pure. */
export function agentSpec(
  manager: Pick<ServiceManager, 'kind' | 'scope' | 'directoriesFor'>,
  executable: string,
  directories: AgentDirectories,
): ServiceSpec {
  const stopTimeoutMs = stopAllowanceMs({ ...defaultLifecycleLimits, stopTimeoutMs: stopGraceMs });
  return {
    name: agentServiceName,
    displayName: 'Mainstay agent',
    description: 'Keeps the services of mainstay.yaml running',
    executable,
    args: ['run'],
    scope: manager.scope,
    account: { type: 'named', name: superusers[manager.kind] },
    environment: {
      MAINSTAY_STATE_DIRECTORY: directories.state,
      MAINSTAY_RUNTIME_DIRECTORY: directories.runtime,
      MAINSTAY_LOGS_DIRECTORY: directories.logs,
    },
    dependencies: [],
    autoStart: true,
    delayedStart: false,
    recovery: { restart: 'always', delayMs: 1_000, maxRestarts: 10, windowMs: 60_000 },
    startTimeoutMs: 120_000,
    stopTimeoutMs,
    preshutdownTimeoutMs: stopTimeoutMs,
    watchdogMs: 60_000,
    directories: {
      ...manager.directoriesFor(agentServiceName),
      state: directories.state,
      logs: directories.logs,
    },
    delegate: true,
    ...(manager.kind === 'systemd' && { afterEnd: awaitGuardianCommand(directories.runtime) }),
  };
}
