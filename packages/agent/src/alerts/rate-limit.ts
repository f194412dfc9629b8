import type { Alert } from './alert.ts';

const windowMs = 60_000;
/** Titles that a summary lists. */
const maxTitles = 20;

/** What one target has been sent lately, and what was held back. Times are monotonic. */
export interface RateState {
  readonly sentAt: readonly number[];
  readonly held: readonly Alert[];
  readonly heldCount: number;
}

export const freshRate: RateState = { sentAt: [], held: [], heldCount: 0 };

export interface RateStep {
  readonly state: RateState;
  readonly send: readonly Alert[];
  /** When a summary is due. */
  readonly wakeAt: number | undefined;
}

/** A part of the minute's messages that only these may use, so that what matters most is not held back by the rest. */
const urgentKinds: ReadonlySet<Alert['kind']> = new Set(['crash-loop', 'agent'] as const);
const reservedShare = 0.2;

/**
 * Lets at most `perMinute` messages through in any minute; what is more is told by one when there is room again. A
 * fifth, and at least one message, is kept for crash loops and for the agent; with 1 a minute there is nothing to keep.
 */
export function admit(state: RateState, alert: Alert | undefined, at: number, perMinute: number): RateStep {
  const sentAt = state.sentAt.filter((time) => at - time < windowMs);
  const all = Math.max(1, perMinute);
  const ordinary = all === 1 ? 1 : all - Math.ceil(all * reservedShare);
  const isUrgent = alert !== undefined && urgentKinds.has(alert.kind);
  // One that is held already is told first: messages about one thing stay in order.
  const overtakes = isUrgent && !state.held.some(({ kind }) => urgentKinds.has(kind));
  if (overtakes && sentAt.length < all) {
    const next = { ...state, sentAt: [...sentAt, at] };
    return { state: next, send: [alert], wakeAt: wakeOf(next, ordinary) };
  }
  const held = alert ? hold(state.held, alert) : state.held;
  const heldCount = state.heldCount + Number(alert !== undefined);
  if (heldCount === 0) return { state: { ...state, sentAt }, send: [], wakeAt: undefined };
  const room = held.some(({ kind }) => urgentKinds.has(kind)) ? all : ordinary;
  if (sentAt.length >= room) {
    const next = { sentAt, held, heldCount };
    return { state: next, send: [], wakeAt: wakeOf(next, room) };
  }
  const send = [heldCount === 1 ? (held[0] as Alert) : summaryOf(held, heldCount)];
  return { state: { sentAt: [...sentAt, at], held: [], heldCount: 0 }, send, wakeAt: undefined };
}

/** When fewer than `room` will have been sent in the minute before. INVARIANT: `sentAt` ascends. */
function wakeOf({ sentAt, heldCount }: RateState, room: number): number | undefined {
  if (heldCount === 0) return undefined;
  return (sentAt[Math.max(0, sentAt.length - room)] as number) + windowMs;
}

/** The titles that fit; of those that do not, an ordinary one goes first. */
function hold(held: readonly Alert[], alert: Alert): readonly Alert[] {
  const all = [...held, alert];
  if (all.length <= maxTitles) return all;
  const leaving = all.findIndex(({ kind }) => !urgentKinds.has(kind));
  return all.toSpliced(Math.max(0, leaving), 1);
}

function summaryOf(held: readonly Alert[], count: number): Alert {
  const latest = held.at(-1) as Alert;
  const lines = held.map(({ at, status, title }) => `${at} ${status}: ${title}`);
  const more = count > held.length ? [`and ${count - held.length} more`] : [];
  return {
    version: 1,
    status: 'summary',
    kind: latest.kind,
    key: 'summary',
    service: undefined,
    instance: undefined,
    title: `${count} alerts were held back`,
    message: [...more, ...lines].join('\n'),
    since: (held[0] as Alert).at,
    at: latest.at,
    host: latest.host,
    count: 1,
  };
}
