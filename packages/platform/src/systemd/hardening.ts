import type { UnitEntry } from './unit-file.ts';

const entry = (key: string, value: string): UnitEntry => ({ key, value });

/**
 * All of systemd.exec(5)'s sandboxing that Node still runs under. What is left out, and why:
 * - MemoryDenyWriteExecute: V8 writes and then executes machine code.
 * - ProcSubset=pid: Node reads /proc/meminfo, /proc/stat and /proc/cpuinfo.
 * - PrivateNetwork, IPAddressDeny: services serve.
 * `@pkey` is not part of `@system-service`, and V8 protects its code pages with it.
 */
export const hardening: readonly UnitEntry[] = [
  entry('NoNewPrivileges', 'yes'),
  entry('CapabilityBoundingSet', ''),
  entry('AmbientCapabilities', ''),
  entry('ProtectSystem', 'strict'),
  entry('ProtectHome', 'yes'),
  entry('ProtectProc', 'invisible'),
  entry('ProtectClock', 'yes'),
  entry('ProtectHostname', 'yes'),
  entry('ProtectKernelLogs', 'yes'),
  entry('ProtectKernelModules', 'yes'),
  entry('ProtectKernelTunables', 'yes'),
  entry('ProtectControlGroups', 'yes'),
  entry('PrivateTmp', 'yes'),
  entry('PrivateDevices', 'yes'),
  entry('PrivateUsers', 'yes'),
  entry('DevicePolicy', 'closed'),
  entry('RestrictNamespaces', 'yes'),
  entry('RestrictRealtime', 'yes'),
  entry('RestrictSUIDSGID', 'yes'),
  // Netlink is how os.networkInterfaces() asks.
  entry('RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'),
  entry('LockPersonality', 'yes'),
  entry('RemoveIPC', 'yes'),
  entry('KeyringMode', 'private'),
  entry('UMask', '0077'),
  entry('SystemCallArchitectures', 'native'),
  entry('SystemCallFilter', '@system-service @pkey'),
  entry('SystemCallFilter', '~@privileged @resources'),
  entry('SystemCallErrorNumber', 'EPERM'),
];

/** A user's own manager has no privilege for anything that needs namespaces (systemd.exec(5), "Sandboxing"). */
export const userHardening: readonly UnitEntry[] = [
  entry('NoNewPrivileges', 'yes'),
  entry('RestrictRealtime', 'yes'),
  entry('RestrictSUIDSGID', 'yes'),
  entry('RestrictNamespaces', 'yes'),
  entry('LockPersonality', 'yes'),
  entry('UMask', '0077'),
  entry('SystemCallArchitectures', 'native'),
];
