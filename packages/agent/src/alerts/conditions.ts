import type { EndedRunView, InstancePhase, SupervisorEvent } from '@mainstay/supervisor';

import { isWantedEnd } from '../wanted-ends.ts';
import type { Condition } from './alert.ts';
import { limitText, limitTitles } from './limit-text.ts';
import type { SettleTimes } from './settle-times.ts';

type EventOf<Type extends SupervisorEvent['type']> = Extract<SupervisorEvent, { readonly type: Type }>;

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

/** An instance, and what its findings are made with. */
interface About {
  readonly service: string;
  readonly instance: number;
  /** Of both, as people write it. */
  readonly name: string;
  readonly settle: SettleTimes;
}

/** @param lastEnd how the run of that instance ended that ended last */
export function findingsOf(
  event: SupervisorEvent,
  lastEnd: EndedRunView | undefined,
  settle: SettleTimes,
): readonly Finding[] {
  if (!('id' in event)) return [];
  const { service, instance } = event.id;
  const about: About = { service, instance, name: `${service}/${instance}`, settle };
  switch (event.type) {
    case 'phase':
      return [...settlingOf(about.name, event.to, settle), ...endFindings(about, event, lastEnd)];
    case 'crash-loop':
      return [loopFinding(about, event)];
    case 'probe': {
      const key = `${about.name}/probe/${event.kind}`;
      return event.result.ok ? [] : [{ type: 'unsettled', key, settleMs: settle.probeMs[event.kind] }];
    }
    case 'probe-state':
      return [probeFinding(about, event)];
    case 'limit':
      return limitFindings(about, event);
    default:
      return [];
  }
}

function wrong(
  { service, instance, name }: About,
  kind: Condition['kind'],
  text: Pick<Condition, 'title' | 'resolvedTitle' | 'message'>,
  part = '',
): Finding {
  return {
    type: 'wrong',
    condition: { key: `${name}/${kind}${part}`, kind, service, instance, ...text },
  };
}

function endFindings(
  about: About,
  { to, reason }: EventOf<'phase'>,
  lastEnd: EndedRunView | undefined,
): Finding[] {
  const isEnd = to === 'waiting' && !isWantedEnd(lastEnd);
  if (to !== 'failed' && !isEnd) return [];
  const title = `${about.name} has ${to === 'failed' ? 'failed' : 'ended'}`;
  const message = reason ?? endText(lastEnd);
  return [wrong(about, 'state', { title, resolvedTitle: `${about.name} runs again`, message })];
}

function loopFinding(about: About, { parked, reason }: EventOf<'crash-loop'>): Finding {
  const { name } = about;
  if (!parked) return { type: 'right', key: `${name}/crash-loop`, message: reason };
  const resolvedTitle = `${name} is out of its crash loop`;
  return wrong(about, 'crash-loop', { title: `${name} is in a crash loop`, resolvedTitle, message: reason });
}

function probeFinding(about: About, { kind, ok, detail }: EventOf<'probe-state'>): Finding {
  const { name, settle } = about;
  const message = detail === '' ? {} : { message: detail };
  if (ok) return { type: 'right', key: `${name}/probe/${kind}`, settleMs: settle.probeMs[kind], ...message };
  const title = `${name} fails its ${kind} probe`;
  const resolvedTitle = `${name} passes its ${kind} probe again`;
  return wrong(about, 'probe', { title, resolvedTitle, message: detail }, `/${kind}`);
}

function limitFindings(about: About, event: EventOf<'limit'>): Finding[] {
  const { name, settle } = about;
  const over: Recovery = {
    type: 'right',
    key: `${name}/limit/${event.limit}`,
    settleMs: settle.limitMs,
  };
  if (!event.exceeded) return [over];
  const { firing, resolved } = limitTitles[event.limit];
  const text = {
    title: `${name} ${firing}`,
    resolvedTitle: `${name} ${resolved}`,
    message: limitText(event),
  };
  const found = wrong(about, 'limit', text, `/${event.limit}`);
  // A kill is over at once, and nobody takes it back.
  return event.limit === 'memory.hard' ? [found, over] : [found];
}

/** What the phase alone says: whether the process is there, and may settle. */
function settlingOf(name: string, to: InstancePhase, settle: SettleTimes): Finding[] {
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
