import type { EndedRunView, InstancePhase, StartCause, SupervisorEvent } from '@mainstay/supervisor';

import type { Condition } from './alert.ts';
import { limitText, limitTitles } from './limit-text.ts';
import type { SettleTimes } from './settle-times.ts';

/** What an event says about what is wrong. */
export type Finding =
  | { readonly type: 'wrong'; readonly condition: Condition }
  | Recovery
  /** What was right again of this key, and of all below it, did not last: the episode goes on. */
  | {
      readonly type: 'unsettled';
      readonly key: string;
      /** It is right again from now on, as far as is known; undefined: it is not. Milliseconds. */
      readonly settleMs?: number;
    };

/** This key is right again, and all below it. */
export interface Recovery {
  readonly type: 'right';
  readonly key: string;
  /** For how long it must stay so, in ms. @default 0, the episode is over now */
  readonly settleMs?: number;
  /** @default what the condition says of its end */
  readonly title?: string;
  /** @default the message of the condition */
  readonly message?: string;
}

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

/** @param lastEnd how the run of that instance ended that ended last */
export function findingsOf(
  event: SupervisorEvent,
  lastEnd: EndedRunView | undefined,
  settle: SettleTimes,
): readonly Finding[] {
  if (!('id' in event)) return [];
  const { service, instance } = event.id;
  const name = `${service}/${instance}`;
  const wrong = (
    kind: Condition['kind'],
    part: string,
    text: Pick<Condition, 'title' | 'resolvedTitle' | 'message'>,
  ): Finding => ({
    type: 'wrong',
    condition: { key: `${name}/${kind}${part}`, kind, service, instance, ...text },
  });

  switch (event.type) {
    case 'phase': {
      const { to } = event;
      const found = phaseFindings(name, to, settle);
      const title =
        to === 'failed'
          ? `${name} has failed`
          : to === 'waiting' && !wanted.has(lastEnd?.endedFor)
            ? `${name} has ended`
            : undefined;
      if (title === undefined) return found;
      const message = event.reason ?? endText(lastEnd);
      return [...found, wrong('state', '', { title, resolvedTitle: `${name} runs again`, message })];
    }
    case 'crash-loop': {
      const { reason } = event;
      const resolvedTitle = `${name} is out of its crash loop`;
      if (!event.parked) return [{ type: 'right', key: `${name}/crash-loop`, message: reason }];
      return [
        wrong('crash-loop', '', { title: `${name} is in a crash loop`, resolvedTitle, message: reason }),
      ];
    }
    case 'probe':
      if (event.result.ok) return [];
      return [
        { type: 'unsettled', key: `${name}/probe/${event.kind}`, settleMs: settle.probeMs[event.kind] },
      ];
    case 'probe-state': {
      const { kind, detail } = event;
      if (event.ok)
        return [
          {
            type: 'right',
            key: `${name}/probe/${kind}`,
            settleMs: settle.probeMs[kind],
            ...(detail !== '' && { message: detail }),
          },
        ];
      const title = `${name} fails its ${kind} probe`;
      return [
        wrong('probe', `/${kind}`, {
          title,
          resolvedTitle: `${name} passes its ${kind} probe again`,
          message: detail,
        }),
      ];
    }
    case 'limit': {
      const key = `${name}/limit/${event.limit}`;
      const over: Recovery = { type: 'right', key, settleMs: settle.limitMs };
      if (!event.exceeded) return [over];
      const { firing, resolved } = limitTitles[event.limit];
      const found = wrong('limit', `/${event.limit}`, {
        title: `${name} ${firing}`,
        resolvedTitle: `${name} ${resolved}`,
        message: limitText(event),
      });
      // A kill is over at once, and nobody takes it back.
      return event.limit === 'memory.hard' ? [found, over] : [found];
    }
    default:
      return [];
  }
}

/** What the phase alone says: whether the process is there, and may settle. */
function phaseFindings(name: string, to: InstancePhase, settle: SettleTimes): Finding[] {
  const hard = `${name}/limit/memory.hard`;
  switch (to) {
    case 'stopped':
      return [{ type: 'right', key: name, title: `${name} was stopped` }];
    case 'completed':
      return [{ type: 'right', key: `${name}/state`, title: `${name} has completed` }];
    case 'running':
      return [
        { type: 'right', key: `${name}/state`, settleMs: settle.stateMs },
        { type: 'right', key: hard, settleMs: settle.limitMs },
      ];
    case 'unready':
      return [{ type: 'unsettled', key: `${name}/state` }];
    default:
      // The next run tells anew how its probes are.
      return ['state', 'probe', 'limit/memory.hard'].map((part) => ({
        type: 'unsettled',
        key: `${name}/${part}`,
      }));
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
