import { resolve } from 'node:path';

import {
  defaultLifecycleLimits,
  primaryLimits,
  stopAllowanceMs,
  type LifecycleLimits,
  type RecoveryPolicy,
  type ServiceAccount,
  type ServiceManager,
  type ServiceSpec,
} from '@mainstay/core';

import type { ServiceDefinition } from '../types.ts';
import type { Launch, TargetOptions } from './context.ts';

/** What `install` can be told on the command line. */
export interface InstallOptions extends TargetOptions {
  readonly account?: string;
  readonly dependsOn?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly autostart?: boolean;
  readonly restart?: RecoveryPolicy['restart'];
  readonly description?: string;
  readonly displayName?: string;
}

/** systemd's WatchdogSec when the definition names none, in milliseconds. */
const defaultWatchdogMs = 30_000;

/** What the manager is told: the definition's defaults, under what the command line says. */
export function buildSpec(
  definition: ServiceDefinition,
  options: InstallOptions,
  manager: ServiceManager,
  launch: Launch,
): ServiceSpec {
  const name = options.name ?? definition.name;
  const { startTimeoutMs } = limitsOf(definition);
  const stopTimeoutMs = stopAllowanceMs(limitsOf(definition));
  const account: ServiceAccount =
    options.account === undefined || options.account === 'virtual'
      ? { type: 'virtual' }
      : { type: 'named', name: options.account };
  const runArgs = [...launch.args, 'run'];
  // Or the process would go by the definition's name, and share its configuration, log and directories with that one.
  if (name !== definition.name) runArgs.push('--name', name);
  if (options.config !== undefined) runArgs.push('--config', resolve(options.config));
  for (const assignment of options.set ?? []) runArgs.push('--set', assignment);
  return {
    name,
    displayName: options.displayName ?? definition.displayName ?? name,
    description: options.description ?? definition.description ?? '',
    executable: launch.executable,
    args: runArgs,
    scope: manager.scope,
    account,
    environment: options.env ?? {},
    dependencies: [
      ...new Set([...(definition.install?.dependsOn?.[manager.kind] ?? []), ...(options.dependsOn ?? [])]),
    ],
    autoStart: options.autostart ?? true,
    delayedStart: true,
    recovery: { restart: options.restart ?? 'always', delayMs: 1000, maxRestarts: 5, windowMs: 60_000 },
    startTimeoutMs,
    stopTimeoutMs,
    preshutdownTimeoutMs: stopTimeoutMs,
    watchdogMs: definition.install?.watchdogMs ?? defaultWatchdogMs,
    directories: manager.directoriesFor(name),
  };
}

/** Deadlines of the process that the manager sees. How many instances there are may be up to the configuration. */
export function limitsOf({ limits, instances = 1 }: ServiceDefinition): LifecycleLimits {
  const own = { ...defaultLifecycleLimits, ...limits };
  return instances === 1 ? own : primaryLimits(own);
}
