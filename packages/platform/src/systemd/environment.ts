import type { PassedDescriptor } from '@mainstay/core';
import { takeListenDescriptors } from '../process/listen-descriptors.ts';

type Environment = Record<string, string | undefined>;

/** Variables that are meant for this process alone and must not reach its children. */
const ownVariables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'FDSTORE'] as const;

/** What systemd told this process through its environment. */
export interface SystemdEnvironment {
  /** Address to notify: a path, or `@` and an abstract name; undefined when nobody listens. */
  readonly notifySocket: string | undefined;
  /** Time between two signs of life after which systemd acts, in milliseconds; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
  readonly descriptors: readonly PassedDescriptor[];
  /** RUNTIME_DIRECTORY: where the control socket goes. */
  readonly runtimeDirectory: string | undefined;
}

/** Reads systemd's variables and removes from `env` those that are for this process alone. */
export function takeSystemdEnvironment(env: Environment, pid: number = process.pid): SystemdEnvironment {
  const taken: SystemdEnvironment = {
    notifySocket: env['NOTIFY_SOCKET'] || undefined,
    watchdogMs: watchdogMs(env, pid),
    descriptors: takeListenDescriptors(env, pid),
    // Several directories are separated by colons; the first is the service's own.
    runtimeDirectory: env['RUNTIME_DIRECTORY']?.split(':', 1)[0] || undefined,
  };
  for (const name of ownVariables) delete env[name];
  return taken;
}

function watchdogMs(env: Environment, pid: number): number | undefined {
  const forPid = env['WATCHDOG_PID'];
  if (forPid !== undefined && forPid !== String(pid)) return undefined;
  const microseconds = positiveInteger(env['WATCHDOG_USEC']);
  return microseconds === undefined ? undefined : microseconds / 1000;
}

function positiveInteger(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}
