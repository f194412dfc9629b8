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

/** Lets at most `perMinute` messages through in any minute; what is more is told by one when there is room again. */
export function admit(state: RateState, alert: Alert | undefined, at: number, perMinute: number): RateStep {
  const sentAt = state.sentAt.filter((time) => at - time < windowMs);
  const held = alert && state.heldCount > 0 ? [...state.held, alert].slice(-maxTitles) : state.held;
  const heldCount = state.heldCount + Number(alert !== undefined && state.heldCount > 0);
  const hasRoom = sentAt.length < Math.max(1, perMinute);
  if (!hasRoom) {
    const isNew = alert !== undefined && state.heldCount === 0;
    const waiting = isNew ? { held: [alert], heldCount: 1 } : { held, heldCount };
    const wakeAt = waiting.heldCount > 0 ? (sentAt[0] as number) + windowMs : undefined;
    return { state: { sentAt, ...waiting }, send: [], wakeAt };
  }
  if (heldCount > 0) {
    const send = [heldCount === 1 ? (held[0] as Alert) : summaryOf(held, heldCount)];
    return { state: { sentAt: [...sentAt, at], held: [], heldCount: 0 }, send, wakeAt: undefined };
  }
  if (!alert) return { state: { ...state, sentAt }, send: [], wakeAt: undefined };
  return { state: { sentAt: [...sentAt, at], held: [], heldCount: 0 }, send: [alert], wakeAt: undefined };
}

function summaryOf(held: readonly Alert[], count: number): Alert {
  const latest = held.at(-1) as Alert;
  const lines = held.map(({ at, status, title }) => `${at} ${status}: ${title}`);
  const more = count > held.length ? [`and ${count - held.length} before these`] : [];
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
