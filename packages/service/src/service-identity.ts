import { serviceNameProblem } from '@mainstay/core';
import type { ServiceDefinition } from './types.ts';

export const isServiceName = (name: string): boolean => serviceNameProblem(name) === undefined;

/**
 * The same service under another name (its configuration, log, locks and directories are those of the name), or with
 * the version that its definition does not have.
 */
export function identified(
  definition: ServiceDefinition,
  {
    name = definition.name,
    version,
  }: { readonly name?: string | undefined; readonly version?: string | undefined },
): ServiceDefinition {
  if (name === definition.name && (version === undefined || definition.version !== undefined))
    return definition;
  const copy: Record<string, unknown> = {};
  // With what it inherits: a definition may be an object of a class. It is the user's, and stays as it is.
  for (const key in definition) copy[key] = definition[key as keyof ServiceDefinition];
  return {
    ...(copy as unknown as ServiceDefinition),
    ...(definition.version === undefined && version !== undefined && { version }),
    name,
    start: (ctx) => definition.start(ctx),
  };
}
