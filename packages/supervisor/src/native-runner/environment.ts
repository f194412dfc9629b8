import type { RunSpec } from '../runner/types.ts';

/** Said of one run by whoever started it: wrong for the runs that the manager starts by itself. */
const ofOneRun: ReadonlySet<string> = new Set([
  'MAINSTAY_RUN',
  'MAINSTAY_HOST',
  // What the process runner's guardian takes for a child of its agent, which a unit is not.
  'MAINSTAY_AGENT_ID',
  'NODE_CHANNEL_FD',
  'NODE_UNIQUE_ID',
  'NOTIFY_SOCKET',
  'INVOCATION_ID',
  'JOURNAL_STREAM',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
]);

/** Inherited from the agent all the same: programs find others by them. */
const inherited: ReadonlySet<string> = new Set(['PATH', 'TZ', 'LANG']);

/**
 * What of a run's environment belongs into a unit. All that the manifest sets; of what the agent merely inherited
 * itself only what programs need, as the rest (a terminal, a login session) differs from one agent to the next and
 * would make every unit differ from what is installed.
 */
export function unitEnvironment(
  { env, declaration }: Pick<RunSpec, 'env' | 'declaration'>,
  agentEnv: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const isWanted = (name: string): boolean =>
    !ofOneRun.has(name) && (name in declaration.env || inherited.has(name) || agentEnv[name] !== env[name]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => isWanted(name)));
}
