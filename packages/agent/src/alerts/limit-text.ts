import { formatSize } from '@mainstay/core';
import type { SupervisorEvent } from '@mainstay/supervisor';

type LimitEvent = Extract<SupervisorEvent, { readonly type: 'limit' }>;

/** What is done about a limit that is exceeded, for people: `67.2 MiB of its soft limit 28.6 MiB; it is asked …`. */
export function limitText({
  limit,
  used,
  bound,
  action,
}: Pick<LimitEvent, 'limit' | 'used' | 'bound' | 'action'>): string {
  switch (limit) {
    case 'memory.soft': {
      const state = `${formatSize(used)} of its soft limit ${formatSize(bound)}`;
      if (action === 'reclaim') return `${state}; it is asked to give memory back`;
      return action === 'restart' ? `${state}; it has not given enough back, and is restarted` : state;
    }
    // A sample from after the kill would say that it takes little.
    case 'memory.hard':
      return `It reached its hard limit of ${formatSize(bound)}, and was killed for it`;
    // The bound is a share of the limit that the kernel holds.
    case 'openFiles': {
      const state = `${used} open files, over the ${bound} that are an alert`;
      return action === 'reclaim' ? `${state}; it is asked to close some` : state;
    }
  }
}

/** Titles of the alert and of its end, to be put after the name of an instance. */
export const limitTitles: Readonly<
  Record<LimitEvent['limit'], { readonly firing: string; readonly resolved: string }>
> = {
  'memory.soft': {
    firing: 'is over its soft memory limit',
    resolved: 'is below its soft memory limit again',
  },
  'memory.hard': {
    firing: 'has reached its hard memory limit',
    resolved: 'stays below its hard memory limit again',
  },
  openFiles: {
    firing: 'is near its limit of open files',
    resolved: 'is well below its limit of open files again',
  },
};
