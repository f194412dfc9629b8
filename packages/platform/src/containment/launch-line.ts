import { readSmallFile } from './small-file.ts';
import { niceDifference } from './priority.ts';
import type { ContainmentLimits } from './types.ts';
import type { UserAccount } from './user-account.ts';

export interface LaunchOptions {
  /** `cgroup.procs` files to enter, in this order. */
  readonly enter: readonly string[];
  readonly limits: ContainmentLimits;
  readonly user: UserAccount | undefined;
  readonly command: string;
  readonly args: readonly string[];
  readonly setsListenPid: boolean;
}

/** Exit code of a program that could not be put where its limits are; 126 and 127 are the shell's own. */
export const notContained = 125;

/**
 * The line of `sh` that makes itself the program: it enters the cgroups, sets limits, and becomes the program by
 * `exec`, so that the pid is the program's and nothing that it does happens outside. Paths come as arguments, so there
 * is nothing to be quoted.
 */
export function launchLine(options: LaunchOptions): { command: string; args: readonly string[] } {
  const { enter, limits, user, command, args, setsListenPid } = options;
  const script: string[] = [];
  if (enter.length > 0) {
    // "0" is the process that writes (cgroups(7)).
    const fail = `{ echo "mainstay: cannot enter the control group $1" >&2; exit ${notContained}; }`;
    script.push(`while [ "$1" != -- ]; do echo 0 >"$1" || ${fail}; shift; done`);
  }
  script.push('shift');
  // An agent that is protected from the kernel's memory killer must not pass that on to what it runs.
  if (isProtected()) script.push('echo 0 2>/dev/null >/proc/self/oom_score_adj');
  if (limits.openFiles !== undefined) script.push(`ulimit -n ${limits.openFiles} || exit ${notContained}`);
  if (setsListenPid) script.push('export LISTEN_PID=$$');
  script.push('exec "$@"');
  return {
    command: '/bin/sh',
    args: ['-c', script.join('; '), 'mainstay', ...enter, '--', ...prefix(limits, user), command, ...args],
  };
}

/** Programs of the system that do their work and become what comes after them. */
function prefix(limits: ContainmentLimits, user: UserAccount | undefined): readonly string[] {
  const difference = niceDifference(limits.priority);
  return [
    ...(difference === 0 ? [] : ['nice', '-n', String(difference)]),
    ...(user
      ? ['setpriv', '--reuid', String(user.uid), '--regid', String(user.gid), '--init-groups', '--']
      : []),
  ];
}

let protection: boolean | undefined;
function isProtected(): boolean {
  protection ??= Number(readSmallFile('/proc/self/oom_score_adj') ?? 0) < 0;
  return protection;
}
