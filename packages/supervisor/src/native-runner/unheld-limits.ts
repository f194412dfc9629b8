import { readFileSync } from 'node:fs';
import type { ServiceManager } from '@mainstay/core';

import type { LimitName } from '../runner/types.ts';

/** What the answer depends on; a test gives its own. */
export interface LimitFacts {
  /** Effective user id; undefined on Windows. */
  readonly uid: number | undefined;
  /** A program can be run inside the agent's host, which has a job object. */
  readonly hasHost: boolean;
  /** Undefined when there is no such file. */
  readText(path: string): string | undefined;
}

export const machineFacts = (hasHost: boolean): LimitFacts => ({
  uid: process.geteuid?.(),
  hasHost,
  readText(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
});

type Unheld = Partial<Record<LimitName, string>>;

/** Limits that a manager cannot hold on this machine, each with the reason. The soft bound on memory is the agent's own. */
export function unheldLimitsOf(
  { kind, scope }: Pick<ServiceManager, 'kind' | 'scope'>,
  facts: LimitFacts,
): Unheld {
  switch (kind) {
    case 'launchd':
      return {
        'memory.hard': 'launchd has no limit on memory that macOS enforces',
        cpu: 'launchd has no limit on processor time as a share',
        processes: 'launchd counts the processes of a user, not of a service',
        ...(scope === 'user' && { priority: onlyRoot }),
      };
    case 'scm':
      return facts.hasHost
        ? {}
        : all('the service control manager has no limits; only the agent’s host sets them');
    case 'systemd':
      return {
        ...controllers(scope, facts),
        ...(scope === 'user' && facts.uid !== 0 && { priority: onlyRoot }),
      };
  }
}

const onlyRoot = 'only root may raise a priority, and a user’s own manager is not root';

function all(reason: string): Unheld {
  return {
    'memory.hard': reason,
    cpu: reason,
    processes: reason,
    openFiles: reason,
    priority: reason,
  };
}

const wanted = [
  ['memory.hard', 'memory'],
  ['cpu', 'cpu'],
  ['processes', 'pids'],
] as const satisfies readonly (readonly [LimitName, string])[];

/** cgroups(7): what the kernel has, and of it what a user's manager was given (systemd.resource-control(5), Delegate=). */
function controllers(scope: ServiceManager['scope'], facts: LimitFacts): Unheld {
  const mine =
    scope === 'user'
      ? `/sys/fs/cgroup/user.slice/user-${facts.uid}.slice/user@${facts.uid}.service/cgroup.controllers`
      : '/sys/fs/cgroup/cgroup.controllers';
  const v2 = facts.readText(mine);
  // Of version 1 a user's manager never gets any.
  const has = v2?.trim().split(' ') ?? (scope === 'system' ? versionOne(facts) : []);
  const unheld: Unheld = {};
  for (const [limit, controller] of wanted) {
    if (has.includes(controller)) continue;
    unheld[limit] =
      scope === 'user'
        ? `the cgroup controller ${controller} is not delegated to this user’s systemd (Delegate= of user@.service)`
        : `the kernel has no cgroup controller ${controller} here`;
  }
  return unheld;
}

/** proc_cgroups: `memory 4 12 1`: name, hierarchy, number of cgroups, enabled. */
function versionOne(facts: LimitFacts): string[] {
  return (facts.readText('/proc/cgroups') ?? '')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, hierarchy, , enabled]) => hierarchy !== '0' && enabled === '1')
    .map(([name = '']) => name);
}
