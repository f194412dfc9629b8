/** Longest name of a service: what a systemd unit, a Windows service and a file can all hold with our endings. */
const maxServiceNameLength = 80;

const characters = /^[a-z0-9][a-z0-9._-]*$/;
/** Names of devices, which Windows does not take for a file, also with an ending (MSDN, "Naming Files"). */
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/**
 * Why this cannot be the name of a service, to follow the name in a sentence; undefined when it can. The name is the id
 * on every platform: a systemd unit, a Windows service, a launchd label, a folder. So all of them decide, everywhere.
 */
export function serviceNameProblem(name: string): string | undefined {
  if (!characters.test(name))
    return 'use lower-case letters, digits, dots, dashes and underscores, such as "orders-api"';
  if (name.length > maxServiceNameLength)
    return `it has ${name.length} characters, and may have ${maxServiceNameLength}`;
  if (device.test(name)) return 'Windows takes it for a device';
  // Two services would then share a folder.
  if (name.endsWith('.')) return 'Windows drops the dot at the end of a file name';
  return undefined;
}
