import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { SupervisorEvent } from '@mainstay/supervisor';

import {
  type BookEvent,
  emptyAlertBook,
  nextRepetition,
  stepAlertBook,
} from '../../src/alerts/alert-book.ts';
import { ended, id, phase } from './fixtures.ts';

const repeatMs = 1000;

/** What is said, as `status kind title`. */
function play(...events: readonly (SupervisorEvent | (BookEvent & { readonly after?: number }))[]): string[] {
  let book = emptyAlertBook;
  let monotonic = 0;
  return events.flatMap((event) => {
    monotonic += 'after' in event ? (event.after ?? 0) : 0;
    const bookEvent = 'at' in event ? ({ type: 'supervisor', event } as const) : event;
    const step = stepAlertBook(book, bookEvent, { now: 0, monotonic, repeatMs, host: 'box' });
    ({ book } = step);
    return step.say.map(({ status, kind, title }) => `${status} ${kind} ${title}`);
  });
}

const limit = (exceeded: boolean): SupervisorEvent => ({
  at: 0,
  type: 'limit',
  id,
  limit: 'memory.soft',
  exceeded,
  used: 120,
  bound: 100,
  action: 'alert',
});

describe('the book of alerts', () => {
  it('says once that a service has ended, and once that it runs again', () => {
    assert.deepEqual(
      play(ended(), phase('running', 'waiting'), phase('starting', 'waiting'), phase('starting', 'running')),
      ['firing state orders/0 has ended', 'resolved state orders/0 has ended'],
    );
  });

  it('has nothing to say of an end that somebody wanted', () => {
    assert.deepEqual(
      play(ended({ endedFor: 'schedule' }), phase('stopping', 'waiting'), phase('starting', 'running')),
      [],
    );
    assert.deepEqual(play(ended({ exitCode: 0 }), phase('running', 'completed')), []);
  });

  it('tells crash loops, limits and probes', () => {
    const loop = (parked: boolean): SupervisorEvent => ({
      at: 0,
      type: 'crash-loop',
      id,
      parked,
      reason: '5 starts',
    });
    const probe = (ok: boolean): SupervisorEvent => ({
      at: 0,
      type: 'probe-state',
      id,
      kind: 'liveness',
      ok,
      detail: '',
    });
    assert.deepEqual(play(loop(true), limit(true), probe(false), probe(true), limit(false), loop(false)), [
      'firing crash-loop orders/0 is in a crash loop',
      'firing limit orders/0 is over its limit memory.soft',
      'firing probe orders/0 fails its liveness probe',
      'resolved probe orders/0 fails its liveness probe',
      'resolved limit orders/0 is over its limit memory.soft',
      'resolved crash-loop orders/0 is in a crash loop',
    ]);
  });

  it('repeats what stays wrong, and not earlier', () => {
    const said = play(
      limit(true),
      { type: 'tick', after: 999 },
      { type: 'tick', after: 1 },
      { type: 'tick', after: 500 },
      { type: 'tick', after: 500 },
    );
    assert.equal(said.length, 3);
    const { book } = stepAlertBook(
      emptyAlertBook,
      { type: 'supervisor', event: limit(true) },
      { now: 0, monotonic: 5, repeatMs, host: '' },
    );
    assert.equal(nextRepetition(book, repeatMs), 1005);
    assert.equal(nextRepetition(book, 0), undefined);
  });

  it('resolves everything of an instance that is stopped, and of a service that is gone', () => {
    const stopped = play(limit(true), phase('stopping', 'stopped'));
    assert.deepEqual(stopped.length, 2);
    const gone = play(limit(true), { type: 'services', names: new Set(['other']) });
    assert.deepEqual(gone.at(-1), 'resolved limit orders/0 is over its limit memory.soft');
  });

  it('keeps instances apart whose numbers begin alike', () => {
    const other = { ...limit(true), id: { ...id, instance: 10 } } as SupervisorEvent;
    const stopped = { ...phase('stopping', 'stopped'), id: { ...id, instance: 1 } } as SupervisorEvent;
    assert.equal(play(other, stopped).length, 1);
  });
});
