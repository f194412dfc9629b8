import { rm } from 'node:fs/promises';

import {
  isAppError,
  messageOf,
  type ServiceInfo,
  type ServiceManager,
  type ServicePlan,
  type WaitOptions,
} from '@mainstay/core';

import type { AgentInfo } from '../api/types.ts';
import { AgentClient } from '../client/agent-client.ts';
import type { AgentDirectories } from '../directories.ts';
import { nativeDirectory } from '../state/native-directory.ts';
import { endpointIn } from '../socket/endpoint.ts';
import { agentServiceName } from './places.ts';
import { readRecord } from './record.ts';

export interface InstalledAgent {
  readonly manager: ServiceManager;
  readonly folder: string;
  readonly directories: AgentDirectories;
}

export interface AgentStatus {
  /** As the service manager sees it. */
  readonly service: ServiceInfo;
  /** As it says itself; undefined when it does not answer. */
  readonly agent: AgentInfo | undefined;
  /** Why it does not answer. */
  readonly problem: string | undefined;
  /** What is installed; undefined when that was not by us. */
  readonly version: string | undefined;
}

export async function agentStatus({ manager, folder, directories }: InstalledAgent): Promise<AgentStatus> {
  const [service, record] = await Promise.all([manager.query(agentServiceName), readRecord(folder)]);
  const version = record?.version;
  try {
    return { service, version, agent: await clientOf(directories).agent(), problem: undefined };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { service, version, agent: undefined, problem: error.message };
  }
}

/** Starts or stops the installed agent; services of the process runner start and stop with it. */
export async function actOnAgent(
  { manager }: InstalledAgent,
  action: 'start' | 'stop' | 'restart',
  wait: WaitOptions,
): Promise<ServiceInfo> {
  return await manager.act(agentServiceName, action, wait);
}

export interface UninstallOptions extends WaitOptions {
  /** Remove state and logs, too. */
  readonly purge: boolean;
  /** Native services run on, with nobody but the service manager to look after them. @default false: they are removed */
  readonly keepNative?: boolean;
}

export interface AgentRemoval {
  readonly plan: ServicePlan;
  /** Names of the native services that were stopped and removed. */
  readonly services: readonly string[];
  /** What could not be done, for people. */
  readonly problems: readonly string[];
}

/**
 * Stops the agent and removes it, with its executables and its native services: nobody would look after them any more.
 * State and logs are kept unless `purge`; an agent that is installed again runs what this one ran. Throws the manager's
 * errors.
 */
export async function uninstallAgent(
  { manager, folder, directories }: InstalledAgent,
  { purge, keepNative = false, ...wait }: UninstallOptions,
): Promise<AgentRemoval> {
  // First: it would start again what is stopped behind its back.
  const plan = await manager.uninstall(agentServiceName, { purge, ...wait });
  const { services, problems } = keepNative
    ? { services: [], problems: [] }
    : await removeNative(manager, nativeDirectory(directories.state), wait);
  await rm(folder, { recursive: true, force: true });
  const left = [directories.runtime, ...(purge ? [directories.state, directories.logs] : [])];
  for (const path of left) await rm(path, { recursive: true, force: true });
  return { plan, services, problems };
}

async function removeNative(
  manager: ServiceManager,
  directory: string,
  wait: WaitOptions,
): Promise<Pick<AgentRemoval, 'services' | 'problems'>> {
  const { installedUnits, removeUnit } = await import('@mainstay/supervisor');
  const services = await installedUnits(manager, directory);
  const done = await Promise.allSettled(services.map((name) => removeUnit(manager, directory, name, wait)));
  const problems = done.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [`${services[index]} may still run: ${messageOf(outcome.reason)}`] : [],
  );
  return { services: services.filter((_, index) => done[index]?.status === 'fulfilled'), problems };
}

function clientOf({ runtime }: AgentDirectories): AgentClient {
  const { path, directory, tokenFile } = endpointIn(runtime);
  return new AgentClient({ socketPath: tokenFile === undefined ? path : directory });
}
