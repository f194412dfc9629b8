import type { EndedRunView, SupervisorEvent } from '@mainstay/supervisor';

import type { Alert, Condition } from './alert.ts';
import { type Finding, findingsOf, type Recovery } from './conditions.ts';
import type { SettleTimes } from './settle-times.ts';

interface Entry {
  readonly condition: Condition;
  /** Wall time, ms since the epoch. */
  readonly since: number;
  /** Monotonic. */
  readonly saidAt: number;
  readonly count: number;
  /** It has been right again for some time; undefined when it is wrong. */
  readonly settling: Settling | undefined;
}

interface Settling {
  /** When the episode is over; monotonic. */
  readonly until: number;
  readonly recovery: Recovery;
}

/** What is wrong at the moment, by key, and how each instance last ended. */
export interface AlertBook {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly lastEnds: ReadonlyMap<string, EndedRunView>;
}

export const emptyAlertBook: AlertBook = { entries: new Map(), lastEnds: new Map() };

export type BookEvent =
  | { readonly type: 'supervisor'; readonly event: SupervisorEvent }
  | Finding
  /** These are the services that there are. */
  | { readonly type: 'services'; readonly names: ReadonlySet<string> }
  | { readonly type: 'tick' };

export interface BookContext {
  /** Wall time, ms since the epoch. */
  readonly now: number;
  readonly monotonic: number;
  /** Milliseconds; 0: what stays wrong is not said again. */
  readonly repeatMs: number;
  readonly host: string;
  readonly settleTimesOf: (service: string) => SettleTimes;
}

export interface BookStep {
  readonly book: AlertBook;
  readonly say: readonly Alert[];
}

/**
 * Makes messages of events: the first time that something is wrong, again after `repeatMs` for as long as it stays,
 * and once when it has been right again for its time to settle. What comes back before is the same episode.
 */
export function stepAlertBook(book: AlertBook, event: BookEvent, context: BookContext): BookStep {
  switch (event.type) {
    case 'supervisor':
      return takeSupervisorEvent(book, event.event, context);
    case 'wrong':
      return note(book, event.condition, context);
    case 'right':
      return recover(book, event, context);
    case 'unsettled':
      return { book: unsettle(book, event, context.monotonic), say: [] };
    case 'services': {
      const lastEnds = new Map(
        [...book.lastEnds].filter(([name]) => event.names.has(name.split('/')[0] ?? '')),
      );
      const isGone = (_key: string, { service }: Condition) =>
        service !== undefined && !event.names.has(service);
      return resolve({ ...book, lastEnds }, isGone, context, ({ condition }) => ({
        ...condition,
        title: `${condition.service}/${condition.instance} is no longer declared`,
      }));
    }
    case 'tick': {
      const settled = settle(book, context);
      const repeated = repeat(settled.book, context);
      return { book: repeated.book, say: [...settled.say, ...repeated.say] };
    }
  }
}

/** Monotonic time of the next tick: something is to be said again, or an episode may be over. */
export function nextTick(book: AlertBook, repeatMs: number): number | undefined {
  const times = [...book.entries.values()].flatMap(({ saidAt, settling }) => [
    ...(repeatMs > 0 ? [saidAt + repeatMs] : []),
    ...(settling ? [settling.until] : []),
  ]);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** What is wrong now, for somebody who has not been told. */
export function standingAlerts(book: AlertBook, context: BookContext): readonly Alert[] {
  return [...book.entries.values()].map((entry) => alertOf('firing', entry, context));
}

function takeSupervisorEvent(book: AlertBook, event: SupervisorEvent, context: BookContext): BookStep {
  if (event.type === 'ended') {
    const lastEnds = new Map(book.lastEnds).set(`${event.id.service}/${event.id.instance}`, event.end);
    return { book: { ...book, lastEnds }, say: [] };
  }
  if (!('id' in event)) return { book, say: [] };
  const lastEnd = book.lastEnds.get(`${event.id.service}/${event.id.instance}`);
  const findings = findingsOf(event, lastEnd, context.settleTimesOf(event.id.service));
  let step: BookStep = { book, say: [] };
  for (const finding of findings) {
    const next = stepAlertBook(step.book, finding, context);
    step = { book: next.book, say: [...step.say, ...next.say] };
  }
  return step;
}

function note(book: AlertBook, condition: Condition, context: BookContext): BookStep {
  const known = book.entries.get(condition.key);
  const entry: Entry = known
    ? { ...known, condition, settling: undefined }
    : { condition, since: context.now, saidAt: context.monotonic, count: 1, settling: undefined };
  return {
    book: { ...book, entries: new Map(book.entries).set(condition.key, entry) },
    say: known ? [] : [alertOf('firing', entry, context)],
  };
}

function recover(book: AlertBook, recovery: Recovery, context: BookContext): BookStep {
  const { key, settleMs = 0 } = recovery;
  if (settleMs === 0)
    return resolve(
      book,
      (each) => isAtOrBelow(each, key),
      context,
      (entry) => closing(entry, recovery),
    );
  const until = context.monotonic + settleMs;
  // Saying it again does not make it later.
  const change = (entry: Entry): Entry =>
    entry.settling ? entry : { ...entry, settling: { until, recovery } };
  return { book: changed(book, key, change), say: [] };
}

function unsettle(
  book: AlertBook,
  { key, settleMs }: Extract<Finding, { readonly type: 'unsettled' }>,
  monotonic: number,
): AlertBook {
  return changed(book, key, (entry) => {
    if (!entry.settling) return entry;
    const later = settleMs === undefined ? undefined : { ...entry.settling, until: monotonic + settleMs };
    return { ...entry, settling: later };
  });
}

/** Ends the episodes whose time to settle is over. */
function settle(book: AlertBook, context: BookContext): BookStep {
  const isSettled = (key: string): boolean => {
    const settling = book.entries.get(key)?.settling;
    return settling !== undefined && settling.until <= context.monotonic;
  };
  return resolve(book, isSettled, context, (entry) => closing(entry, entry.settling?.recovery));
}

function isAtOrBelow(key: string, root: string): boolean {
  return key === root || key.startsWith(`${root}/`);
}

/** The same book when nothing is different, so that nobody sets a timer for it. */
function changed(book: AlertBook, root: string, change: (entry: Entry) => Entry): AlertBook {
  const found = [...book.entries].flatMap(([key, entry]) => {
    const next = isAtOrBelow(key, root) ? change(entry) : entry;
    return next === entry ? [] : [[key, next] as const];
  });
  return found.length === 0 ? book : { ...book, entries: new Map([...book.entries, ...found]) };
}

function closing({ condition }: Entry, recovery: Recovery | undefined): Condition {
  return {
    ...condition,
    title: recovery?.title ?? condition.resolvedTitle,
    message: recovery?.message ?? condition.message,
  };
}

function resolve(
  book: AlertBook,
  isRight: (key: string, condition: Condition) => boolean,
  context: BookContext,
  close: (entry: Entry) => Condition,
): BookStep {
  const over = [...book.entries].filter(([key, { condition }]) => isRight(key, condition));
  if (over.length === 0) return { book, say: [] };
  const entries = new Map(book.entries);
  for (const [key] of over) entries.delete(key);
  const say = over.map(([, entry]) => alertOf('resolved', { ...entry, condition: close(entry) }, context));
  return { book: { ...book, entries }, say };
}

function repeat(book: AlertBook, context: BookContext): BookStep {
  if (context.repeatMs === 0) return { book, say: [] };
  const entries = new Map(book.entries);
  const say: Alert[] = [];
  for (const [key, entry] of book.entries) {
    if (context.monotonic - entry.saidAt < context.repeatMs) continue;
    const again = { ...entry, saidAt: context.monotonic, count: entry.count + 1 };
    entries.set(key, again);
    say.push(alertOf('firing', again, context));
  }
  return { book: { ...book, entries }, say };
}

function alertOf(
  status: 'firing' | 'resolved',
  { condition, since, count }: Entry,
  context: BookContext,
): Alert {
  const { resolvedTitle: _, ...said } = condition;
  return {
    version: 1,
    status,
    ...said,
    since: new Date(since).toISOString(),
    at: new Date(context.now).toISOString(),
    host: context.host,
    count,
  };
}
