import {
  isAppError,
  messageOf,
  type ServiceInfo,
  type ServiceManager,
  type ServicePlan,
  type ServiceSpec,
} from '@mainstay/core';

import type { AgentDirectories } from '../directories.ts';
import { agentErrors } from '../errors.ts';
import { agentSpec } from './agent-spec.ts';
import { agentServiceName } from './places.ts';
import { readRecord, writeRecord, type InstallRecord } from './record.ts';
import { addVersion, removeVersionsBut } from './versions.ts';

export interface InstallAgentOptions {
  readonly manager: ServiceManager;
  /** A built agent; it is copied. `buildAgent` makes one. */
  readonly executable: string;
  readonly version: string;
  /** Where versions are kept: `programFolder`. */
  readonly folder: string;
  /** Of the agent's own: `installedDirectories`. */
  readonly directories: AgentDirectories;
  /** How long the start may take, in milliseconds. @default 150_000 */
  readonly timeoutMs?: number;
  readonly onProgress?: (info: ServiceInfo) => void;
  readonly signal?: AbortSignal;
}

export interface AgentInstallation {
  readonly executable: string;
  readonly plan: ServicePlan;
  readonly info: ServiceInfo;
  /** The version that was there before; undefined for none. */
  readonly before: string | undefined;
  /** What was done: `restarted` ended and started the services of the process runner; native ones lived on. */
  readonly outcome: 'installed' | 'restarted' | 'started' | 'unchanged';
}

const defaultTimeoutMs = 150_000;

/**
 * Installs the agent as a service of the operating system and starts it, or puts a newer version in the place of the one
 * that runs: that restarts the agent. Native services live on, and are adopted by the new one; services of the process
 * runner are its children, and so are stopped and started again.
 *
 * A failure undoes everything: the version before runs again. Throws AGENT_INSTALL_FAILED, MANAGER_NO_PRIVILEGE and
 * the manager's other errors.
 */
export async function installAgent(options: InstallAgentOptions): Promise<AgentInstallation> {
  const { manager, folder, version } = options;
  // Whoever may not do this should learn it before an executable is copied.
  const found = await manager.query(agentServiceName);
  const before = await readRecord(folder);
  const added = await addVersion(folder, options.executable, version).catch((error: unknown) => {
    throw failed(error, `The executable cannot be copied to ${folder}`);
  });
  const spec = agentSpec(manager, added.executable, options.directories);
  try {
    const plan = await manager.install(spec);
    const { info, outcome } = await bringUp(options, found, plan);
    await writeRecord(folder, { version, spec });
    await removeVersionsBut(folder, [added.executable, ...(before ? [before.spec.executable] : [])]);
    return { executable: added.executable, plan, info, before: before?.version, outcome };
  } catch (error) {
    const problems = await goBack(options, before, found.state === 'not-installed');
    // What the manager may still be told to run has to be there.
    if (problems.length === 0 && before?.spec.executable !== added.executable) await added.undo?.();
    throw failed(error, 'The agent was not installed', problems);
  }
}

async function bringUp(
  options: InstallAgentOptions,
  found: ServiceInfo,
  { changes, needsRestart }: ServicePlan,
): Promise<Pick<AgentInstallation, 'info' | 'outcome'>> {
  const { manager } = options;
  const ran = found.pid !== undefined;
  if (ran && changes.length === 0 && !needsRestart) return { info: found, outcome: 'unchanged' };
  const info = await manager.act(agentServiceName, ran ? 'restart' : 'start', waiting(options));
  return { info, outcome: ran ? 'restarted' : found.state === 'not-installed' ? 'installed' : 'started' };
}

/** Makes it as it was. @returns what could not be undone, for people */
async function goBack(
  options: InstallAgentOptions,
  before: InstallRecord | undefined,
  wasMissing: boolean,
): Promise<readonly string[]> {
  const { manager } = options;
  const wait = waiting({ ...options, signal: undefined });
  try {
    if (wasMissing) await manager.uninstall(agentServiceName, { purge: false, ...wait });
    else if (before) await restore(manager, before.spec, wait);
    else return ['it is not known what was installed before: install that again'];
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

async function restore(
  manager: ServiceManager,
  spec: ServiceSpec,
  wait: ReturnType<typeof waiting>,
): Promise<void> {
  await manager.install(spec);
  const { pid } = await manager.query(agentServiceName);
  await manager.act(agentServiceName, pid === undefined ? 'start' : 'restart', wait);
}

function waiting(
  options: Pick<InstallAgentOptions, 'timeoutMs' | 'onProgress'> & {
    readonly signal?: AbortSignal | undefined;
  },
) {
  const { timeoutMs = defaultTimeoutMs, onProgress, signal } = options;
  return { timeoutMs, ...(onProgress && { onProgress }), ...(signal && { signal }) };
}

function failed(error: unknown, what: string, problems: readonly string[] = []): Error {
  const code = isAppError(error) ? error.code : (error as NodeJS.ErrnoException).code;
  const exitCode = isAppError(error) ? error.exitCode : code === 'EACCES' || code === 'EPERM' ? 4 : undefined;
  const after =
    problems.length === 0
      ? 'what was there before is in place'
      : `what was there before could not be put back: ${problems.join('; ')}`;
  return agentErrors.error('AGENT_INSTALL_FAILED', `${what}, and ${after}: ${messageOf(error)}`, {
    cause: error,
    details: { reason: code, problems },
    ...(exitCode !== undefined && { exitCode }),
  });
}
