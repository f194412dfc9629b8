import type { EndedRunView, InstancePhase, StartCause, SupervisorEvent } from '@mainstay/supervisor';

import type { Condition } from './alert.ts';

/** What an event says about what is wrong. */
export type Finding =
  | { readonly type: 'wrong'; readonly condition: Condition }
  /** This key is right again, and all below it. */
  | { readonly type: 'right'; readonly key: string };

/** Ends that somebody wanted; waiting for the start after them is no news. */
const wanted: ReadonlySet<StartCause | 'stop' | undefined> = new Set([
  'stop',
  'schedule',
  'manual',
  'reload',
  'config',
  'scale',
  'dependency',
] as const);

/** A service is well, or is meant to be gone: nothing about its state is wrong. */
const settled: ReadonlySet<InstancePhase> = new Set(['running', 'completed', 'stopped']);

/** @param lastEnd how the run of that instance ended that ended last */
export function findingsOf(event: SupervisorEvent, lastEnd: EndedRunView | undefined): readonly Finding[] {
  if (!('id' in event)) return [];
  const { service, instance } = event.id;
  const name = `${service}/${instance}`;
  const wrong = (kind: Condition['kind'], part: string, title: string, message: string): Finding[] => [
    { type: 'wrong', condition: { key: `${name}/${kind}${part}`, kind, service, instance, title, message } },
  ];
  const right = (part: string): Finding[] => [{ type: 'right', key: part === '' ? name : `${name}/${part}` }];

  switch (event.type) {
    case 'phase':
      if (event.to === 'stopped') return right('');
      if (settled.has(event.to)) return right('state');
      if (event.to === 'failed')
        return wrong('state', '', `${name} has failed`, event.reason ?? endText(lastEnd));
      if (event.to === 'waiting' && !wanted.has(lastEnd?.endedFor))
        return wrong('state', '', `${name} has ended`, event.reason ?? endText(lastEnd));
      return [];
    case 'crash-loop':
      if (!event.parked) return right('crash-loop');
      return wrong('crash-loop', '', `${name} is in a crash loop`, event.reason);
    case 'probe-state':
      if (event.ok) return right(`probe/${event.kind}`);
      return wrong('probe', `/${event.kind}`, `${name} fails its ${event.kind} probe`, event.detail);
    case 'limit': {
      if (!event.exceeded) return right(`limit/${event.limit}`);
      const message = `${event.used} of ${event.bound}; what is done: ${event.action}`;
      return wrong('limit', `/${event.limit}`, `${name} is over its limit ${event.limit}`, message);
    }
    default:
      return [];
  }
}

function endText(end: EndedRunView | undefined): string {
  if (!end) return 'No more is known';
  const how =
    end.error ??
    (end.outOfMemory
      ? 'The kernel ended it for its memory'
      : end.signal === undefined
        ? `Exit code ${end.exitCode ?? 'unknown'}`
        : `Ended by ${end.signal}`);
  return [how, ...end.lastLines].join('\n');
}
