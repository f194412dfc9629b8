import type { EndedRunView, SupervisorEvent } from '@mainstay/supervisor';

import type { Alert, Condition } from './alert.ts';
import { findingsOf } from './conditions.ts';

interface Entry {
  readonly condition: Condition;
  /** Wall time, ms since the epoch. */
  readonly since: number;
  /** Monotonic. */
  readonly saidAt: number;
  readonly count: number;
}

/** What is wrong at the moment, by key, and how each instance last ended. */
export interface AlertBook {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly lastEnds: ReadonlyMap<string, EndedRunView>;
}

export const emptyAlertBook: AlertBook = { entries: new Map(), lastEnds: new Map() };

export type BookEvent =
  | { readonly type: 'supervisor'; readonly event: SupervisorEvent }
  | { readonly type: 'wrong'; readonly condition: Condition }
  /** With all that is below the key. */
  | { readonly type: 'right'; readonly key: string }
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
}

export interface BookStep {
  readonly book: AlertBook;
  readonly say: readonly Alert[];
}

/**
 * Makes messages of events: the first time that something is wrong, again after `repeatMs` for as long as it stays,
 * and once when it is right again.
 */
export function stepAlertBook(book: AlertBook, event: BookEvent, context: BookContext): BookStep {
  switch (event.type) {
    case 'supervisor':
      return takeSupervisorEvent(book, event.event, context);
    case 'wrong':
      return note(book, event.condition, context);
    case 'right':
      return resolve(book, (key) => key === event.key || key.startsWith(`${event.key}/`), context);
    case 'services': {
      const lastEnds = new Map(
        [...book.lastEnds].filter(([name]) => event.names.has(name.split('/')[0] ?? '')),
      );
      const isGone = (_key: string, { service }: Condition) =>
        service !== undefined && !event.names.has(service);
      return resolve({ ...book, lastEnds }, isGone, context);
    }
    case 'tick':
      return repeat(book, context);
  }
}

/** Monotonic time of the next repetition. */
export function nextRepetition(book: AlertBook, repeatMs: number): number | undefined {
  if (repeatMs === 0 || book.entries.size === 0) return undefined;
  return Math.min(...[...book.entries.values()].map(({ saidAt }) => saidAt + repeatMs));
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
  const findings = findingsOf(event, book.lastEnds.get(`${event.id.service}/${event.id.instance}`));
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
    ? { ...known, condition }
    : { condition, since: context.now, saidAt: context.monotonic, count: 1 };
  return {
    book: { ...book, entries: new Map(book.entries).set(condition.key, entry) },
    say: known ? [] : [alertOf('firing', entry, context)],
  };
}

function resolve(
  book: AlertBook,
  isRight: (key: string, condition: Condition) => boolean,
  context: BookContext,
): BookStep {
  const over = [...book.entries].filter(([key, { condition }]) => isRight(key, condition));
  if (over.length === 0) return { book, say: [] };
  const entries = new Map(book.entries);
  for (const [key] of over) entries.delete(key);
  return { book: { ...book, entries }, say: over.map(([, entry]) => alertOf('resolved', entry, context)) };
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
  return {
    version: 1,
    status,
    ...condition,
    since: new Date(since).toISOString(),
    at: new Date(context.now).toISOString(),
    host: context.host,
    count,
  };
}
