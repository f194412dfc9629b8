import type { ServiceDefinition } from './types.ts';

/** Id on every platform: a systemd unit, a Windows service, a launchd label, a file name. */
const namePattern = /^[a-z0-9][a-z0-9._-]*$/;
export const maxNameLength = 80;

/** Whether the name has only the characters of an id; its length is another matter. */
export const hasNameCharacters = (name: string): boolean => namePattern.test(name);

export const isServiceName = (name: string): boolean =>
  hasNameCharacters(name) && name.length <= maxNameLength;

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
