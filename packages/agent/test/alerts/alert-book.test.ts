import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { SupervisorEvent } from '@mainstay/supervisor';
import fc from 'fast-check';

import { type BookEvent, emptyAlertBook, nextTick, stepAlertBook } from '../../src/alerts/alert-book.ts';
import { settleTimesOf } from '../../src/alerts/settle-times.ts';
import { ended, id, orders, phase } from './fixtures.ts';

const repeatMs = 3_600_000;
const surroundings = { now: 0, repeatMs, host: 'box', settleTimesOf: () => settleTimesOf(orders) };

/** What is said, as `status kind title`. */
function play(...events: readonly (SupervisorEvent | (BookEvent & { readonly after?: number }))[]): string[] {
  let book = emptyAlertBook;
  let monotonic = 0;
  return events.flatMap((event) => {
    monotonic += 'after' in event ? (event.after ?? 0) : 0;
    const bookEvent = 'at' in event ? ({ type: 'supervisor', event } as const) : event;
    const step = stepAlertBook(book, bookEvent, { ...surroundings, monotonic });
    ({ book } = step);
    return step.say.map(({ status, kind, title }) => `${status} ${kind} ${title}`);
  });
}

const after = (milliseconds: number) => ({ type: 'tick', after: milliseconds }) as const;

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
      play(
        ended(),
        phase('running', 'waiting'),
        phase('starting', 'waiting'),
        phase('starting', 'running'),
        after(19_999),
        phase('running', 'starting'),
        phase('starting', 'running'),
        after(19_999),
        after(1),
      ),
      ['firing state orders/0 has ended', 'resolved state orders/0 runs again'],
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
    assert.deepEqual(
      play(
        loop(true),
        limit(true),
        probe(false),
        probe(true),
        limit(false),
        loop(false),
        after(35_000),
        after(25_000),
      ),
      [
        'firing crash-loop orders/0 is in a crash loop',
        'firing limit orders/0 is over its soft memory limit',
        'firing probe orders/0 fails its liveness probe',
        'resolved crash-loop orders/0 is out of its crash loop',
        'resolved probe orders/0 passes its liveness probe again',
        'resolved limit orders/0 is below its soft memory limit again',
      ],
    );
  });

  it('repeats what stays wrong, and not earlier', () => {
    const said = play(
      limit(true),
      { type: 'tick', after: 3_599_999 },
      { type: 'tick', after: 1 },
      { type: 'tick', after: 1_800_000 },
      { type: 'tick', after: 1_800_000 },
    );
    assert.equal(said.length, 3);
    const { book } = stepAlertBook(
      emptyAlertBook,
      { type: 'supervisor', event: limit(true) },
      { ...surroundings, monotonic: 5 },
    );
    assert.equal(nextTick(book, repeatMs), 3_600_005);
    assert.equal(nextTick(book, 0), undefined);
  });

  it('resolves everything of an instance that is stopped, and of a service that is gone', () => {
    const stopped = play(limit(true), phase('stopping', 'stopped'));
    assert.deepEqual(stopped.at(-1), 'resolved limit orders/0 was stopped');
    const gone = play(limit(true), { type: 'services', names: new Set(['other']) });
    assert.deepEqual(gone.at(-1), 'resolved limit orders/0 is no longer declared');
  });

  it('keeps instances apart whose numbers begin alike', () => {
    const other = { ...limit(true), id: { ...id, instance: 10 } } as SupervisorEvent;
    const stopped = { ...phase('stopping', 'stopped'), id: { ...id, instance: 1 } } as SupervisorEvent;
    assert.equal(play(other, stopped).length, 1);
  });

  it('takes back a limit after a minute below, and a kill without being told', () => {
    const firing = 'firing limit orders/0 is over its soft memory limit';
    const again = [limit(true), limit(false), after(59_999), limit(true), after(60_000)];
    assert.deepEqual(play(...again), [firing]);
    assert.equal(play(...again, limit(false), after(60_000)).length, 2);
    const kill = { ...limit(true), limit: 'memory.hard', action: 'kill' } as SupervisorEvent;
    assert.deepEqual(play(kill, after(59_999), after(1)), [
      'firing limit orders/0 has reached its hard memory limit',
      'resolved limit orders/0 stays below its hard memory limit again',
    ]);
  });

  it('keeps the episode of a probe that fails once more within its interval', () => {
    const state = (ok: boolean): SupervisorEvent => ({
      at: 0,
      type: 'probe-state',
      id,
      kind: 'liveness',
      ok,
      detail: '',
    });
    const result = { ok: false, detail: 'no answer', tookMs: 1 };
    const failed: SupervisorEvent = {
      at: 0,
      type: 'probe',
      id,
      kind: 'liveness',
      result,
      failuresInRow: 1,
    };
    const events = [state(false), state(true), after(34_999), failed, after(34_999)];
    assert.equal(play(...events).length, 1);
    assert.equal(play(...events, after(1)).length, 2);
  });

  it('says every episode once, whatever happens: firing and resolved alternate for each key', () => {
    const steps = [
      ended(),
      phase('running', 'waiting'),
      phase('waiting', 'starting'),
      phase('starting', 'running'),
      phase('running', 'failed'),
      phase('running', 'stopped'),
      limit(true),
      limit(false),
      after(1000),
      after(20_000),
      after(60_000),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 60 }), (events) => {
        const standing = new Set<string>();
        for (const said of play(...events)) {
          const [status, kind = ''] = said.split(' ');
          assert.equal(standing.has(kind), status === 'resolved', said);
          if (status === 'firing') standing.add(kind);
          else standing.delete(kind);
        }
        const rest = play(...events, phase('running', 'stopped')).map((said) => said.split(' ')[0]);
        const count = (status: string) => rest.filter((each) => each === status).length;
        assert.equal(count('firing'), count('resolved'));
      }),
    );
  });
});
