import { rm } from 'node:fs/promises';

import {
  isAppError,
  type ServiceInfo,
  type ServiceManager,
  type ServicePlan,
  type WaitOptions,
} from '@mainstay/core';

import type { AgentInfo } from '../api/types.ts';
import { AgentClient } from '../client/agent-client.ts';
import type { AgentDirectories } from '../directories.ts';
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

/**
 * Stops the agent and removes it, with its executables. Its native services are stopped first: nobody would look after
 * them any more. State and logs are kept unless `purge`.
 *
 * @returns what was removed, and what it could not do, for people
 */
export async function uninstallAgent(
  { manager, folder, directories }: InstalledAgent,
  { purge, ...wait }: { readonly purge: boolean } & WaitOptions,
): Promise<{ readonly plan: ServicePlan; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  try {
    await stopNativeServices(clientOf(directories));
  } catch (error) {
    if (!isAppError(error)) throw error;
    if (error.code !== 'AGENT_NOT_RUNNING') problems.push(`Native services may still run: ${error.message}`);
  }
  const plan = await manager.uninstall(agentServiceName, { purge, ...wait });
  await rm(folder, { recursive: true, force: true });
  if (purge) {
    for (const path of [directories.state, directories.logs])
      await rm(path, { recursive: true, force: true });
  }
  return { plan, problems };
}

async function stopNativeServices(client: AgentClient): Promise<void> {
  const native = (await client.services())
    .filter(({ runner }) => runner === 'native')
    .map(({ name }) => name);
  if (native.length > 0) await client.act('stop', native);
}

function clientOf({ runtime }: AgentDirectories): AgentClient {
  const { path, directory, tokenFile } = endpointIn(runtime);
  return new AgentClient({ socketPath: tokenFile === undefined ? path : directory });
}
