import type { ServiceDefinition } from './types.ts';

/** Id on every platform: a systemd unit, a Windows service, a launchd label, a file name. */
const namePattern = /^[a-z0-9][a-z0-9._-]*$/;
export const maxNameLength = 80;

/** Whether the name has only the characters of an id; its length is another matter. */
export const hasNameCharacters = (name: string): boolean => namePattern.test(name);

export const isServiceName = (name: string): boolean =>
  hasNameCharacters(name) && name.length <= maxNameLength;

/** The same service under another name: its configuration, log, locks and directories are those of the name. */
export function renamed(definition: ServiceDefinition, name: string | undefined): ServiceDefinition {
  if (name === undefined || name === definition.name) return definition;
  return { ...definition, name, start: (ctx) => definition.start(ctx) };
}
