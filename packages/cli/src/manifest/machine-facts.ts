import { AgentClient, probeCapabilities, type AgentInfo } from '@mainstay/agent';
import { isAppError, messageOf, type Logger } from '@mainstay/core';
import type { Manifest, RunnerCapabilities, RunnerKind, ServiceDeclaration } from '@mainstay/supervisor';
import { hostFacts, type HostFacts } from '@mainstay/supervisor/check';

/**
 * What this machine can do of a manifest: as the agent says that will run it, or, where none answers, as one that is
 * started here and now would find it.
 *
 * @param socketPath the agent's; undefined: there is none
 */
export async function machineFacts(
  { services }: Manifest,
  env: NodeJS.ProcessEnv,
  socketPath: string | undefined,
): Promise<HostFacts> {
  const agent = socketPath === undefined ? undefined : await askAgent(socketPath);
  const capabilities = new Map<RunnerKind, RunnerCapabilities>();
  const problems = new Map<RunnerKind, string>();
  for (const kind of new Set(services.filter(isDemanding).map(({ runner }) => runner))) {
    try {
      capabilities.set(kind, agent?.runners[kind] ?? (await probeCapabilities(kind, silent)));
    } catch (error) {
      if (!isAppError(error)) throw error;
      problems.set(kind, messageOf(error));
    }
  }
  const facts = hostFacts({
    environment: env,
    // What the agent holds already is there for the manifest that comes after.
    isOurs: ({ host, port }) =>
      agent?.listens.some((taken) => taken.host === host && taken.port === port) ?? false,
    capabilities: (kind) => capabilities.get(kind),
  });
  return { ...facts, runnerProblem: (kind) => problems.get(kind) };
}

/** An agent that cannot be asked is no reason to refuse a manifest. One of an earlier version says less. */
async function askAgent(socketPath: string): Promise<AgentInfo | undefined> {
  try {
    const info = await new AgentClient({ socketPath }).agent();
    return { ...info, runners: info.runners ?? {}, listens: info.listens ?? [] };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
}

/** Asks for more than every machine has; for others the look is spared, which `up` would wait for. */
function isDemanding({ runner, limits, listen, user, stop }: ServiceDeclaration): boolean {
  const { reclaimMs: _, openFilesAlertShare: __, ...bounds } = limits;
  const isLimited = Object.values(bounds).some((bound) => bound !== undefined);
  return (
    runner === 'native' || isLimited || listen.length > 0 || user !== undefined || stop.by.type !== 'signal'
  );
}

const quiet = (): void => {};
const silent: Logger = {
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  fatal: quiet,
  child: () => silent,
};
