import type { RunSpec } from '../runner/types.ts';

/** What the environment of the agent says of the agent itself, and would be a lie for what it runs. */
const ofTheAgent = [
  'LISTEN_FDNAMES',
  'LISTEN_FDS',
  'LISTEN_PID',
  'MAINSTAY_HOST',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
] as const;

export interface GivenToRun {
  /** Names of the passed sockets, which are the descriptors from 3 on. */
  readonly sockets: readonly string[];
  /** It is a Mainstay service with a channel to the agent. */
  readonly isHosted: boolean;
  /** It shares its ports by node:cluster's protocol. */
  readonly sharesPorts: boolean;
  /** What the containment adds. */
  readonly containment: Readonly<Record<string, string>>;
}

/** The environment of one run. */
export function childEnvironment(spec: RunSpec, given: GivenToRun): Record<string, string> {
  const { id, declaration } = spec;
  const env: Record<string, string> = { ...spec.env };
  for (const name of ofTheAgent) if (!(name in declaration.env)) delete env[name];
  // Numbers from 1: node takes a worker with the number 0 for none.
  if (given.sharesPorts) env.NODE_UNIQUE_ID = String(id.instance + 1);
  if (given.isHosted) env.MAINSTAY_HOST = 'supervisor';
  if (given.sockets.length > 0) {
    env.LISTEN_FDS = String(given.sockets.length);
    env.LISTEN_FDNAMES = given.sockets.join(':');
  }
  return { ...env, ...given.containment };
}

/**
 * Shells drop variables whose names they could not use (POSIX, 2.5.3); programs may have such, as `spring.profile`. They
 * go by `env`, after the shell.
 */
export function throughShell(
  program: { readonly command: string; readonly args: readonly string[] },
  env: Readonly<Record<string, string>>,
): { readonly command: string; readonly args: readonly string[] } {
  const odd = Object.entries(env).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  if (odd.length === 0 || process.platform === 'win32') return program;
  const settings = odd.map(([name, value]) => `${name}=${value}`);
  return { command: 'env', args: [...settings, program.command, ...program.args] };
}
