import { isAppError, type Logger, type ReclaimRequest } from '@mainstay/core';
import { serviceErrors } from '../errors.ts';
import type { InstanceReport } from '../instances/index.ts';
import type { ServiceDefinition } from '../types.ts';
import type { ServiceConfig } from './config.ts';

/** What this process does: the service's own work, or the care of several processes that do it. */
export interface Role {
  readonly definition: ServiceDefinition;
  /** Of a primary: what each of its instances says. */
  readonly probe?: () => Promise<readonly InstanceReport[]>;
  /** Of a primary: asks each of them. */
  readonly reclaim?: (request: ReclaimRequest) => Promise<boolean>;
}

/**
 * The number that a primary or an agent gave this process; undefined for a process that is not one of several. To be asked once: it
 * is taken out of the environment, for what this process starts is no instance.
 */
export function takeInstance(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env['MAINSTAY_INSTANCE'];
  delete env['MAINSTAY_INSTANCE'];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Finds out whether several processes are wanted. Only then is anything of `instances` loaded. Under an agent this process
 * is one of those that the manifest wants, and never has processes of its own.
 */
export async function roleOf(
  definition: ServiceDefinition,
  config: ServiceConfig,
  instance: number | undefined,
  log: Logger,
): Promise<Role> {
  if (instance !== undefined) {
    const { adoptInstance } = await import('../instances/adopt.ts');
    await adoptInstance();
    if (typeof definition.instances === 'number' && definition.instances > 1 && isUnderAgent())
      log.warn({ instances: definition.instances }, "Instances are the agent's: set them in mainstay.yaml");
    return { definition };
  }
  const count = await wantedInstances(definition, config);
  if (count === 1) return { definition };
  const { createPrimary } = await import('../instances/index.ts');
  const primary = createPrimary({ definition, count });
  return {
    definition: primary.definition,
    probe: () => primary.probe(),
    reclaim: (request) => primary.reclaim(request),
  };
}

/** A primary takes the variable no further: it is not run by an agent, which would be the primary. */
const isUnderAgent = (): boolean => process.env['MAINSTAY_AGENT_ID'] !== undefined;

async function wantedInstances(
  { name, instances }: ServiceDefinition,
  config: ServiceConfig,
): Promise<number> {
  if (typeof instances !== 'function') return instances ?? 1;
  try {
    await config.load();
  } catch (error) {
    // The start reads it again, and fails with all problems where hosts can see it.
    if (isAppError(error)) return 1;
    throw error;
  }
  const count = instances(config.value);
  if (Number.isInteger(count) && count > 0) return count;
  throw serviceErrors.error(
    'SERVICE_INVALID_DEFINITION',
    `The instances of "${name}" came out as ${String(count)}: return a whole number from 1`,
  );
}
