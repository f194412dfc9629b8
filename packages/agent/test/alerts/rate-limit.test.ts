import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Alert } from '../../src/alerts/alert.ts';
import { admit, freshRate } from '../../src/alerts/rate-limit.ts';
import { alert } from './fixtures.ts';

const of = (kind: Alert['kind'], title: string): Alert => ({ ...alert, kind, title });

/** Titles that are sent, and the state after them. */
function play(perMinute: number, alerts: readonly Alert[]) {
  let state = freshRate;
  let wakeAt: number | undefined;
  const sent = alerts.flatMap((each, at) => {
    const step = admit(state, each, at, perMinute);
    ({ state, wakeAt } = step);
    return step.send.map(({ title }) => title);
  });
  return { state, sent, wakeAt };
}

const states = Array.from({ length: 12 }, (_, index) => of('state', `state ${index}`));

describe('the rate limit', () => {
  it('keeps room for crash loops and the agent, and past what is held', () => {
    const { sent, state, wakeAt } = play(10, [...states, of('crash-loop', 'loop'), of('agent', 'disk')]);
    assert.deepEqual(sent, [...states.slice(0, 8).map(({ title }) => title), 'loop', 'disk']);
    assert.equal(state.heldCount, 4);
    // Ten were sent; fewer than eight of them are in the minute before from the third's end on.
    assert.equal(wakeAt, 60_002);
    const late = admit(state, undefined, 60_002, 10);
    assert.deepEqual(
      late.send.map(({ title }) => title),
      ['4 alerts were held back'],
    );
  });

  it('holds urgent ones when there is no room at all, and keeps their order', () => {
    const loops = Array.from({ length: 4 }, (_, index) => of('crash-loop', `loop ${index}`));
    const { sent, state, wakeAt } = play(3, loops);
    assert.deepEqual(sent, ['loop 0', 'loop 1', 'loop 2']);
    assert.equal(wakeAt, 60_000);
    const late = admit(state, of('crash-loop', 'last'), 60_000, 3);
    assert.match(late.send[0]?.message ?? '', /loop 3\n.*last$/);
  });

  it('lists the urgent ones of many', () => {
    const many = Array.from({ length: 40 }, (_, index) => of('state', `state ${index}`));
    const loops = Array.from({ length: 2 }, (_, index) => of('crash-loop', `loop ${index}`));
    const { state } = play(1, [states[0] as Alert, ...loops, ...many]);
    const message = admit(state, undefined, 60_001, 1).send[0]?.message ?? '';
    assert.match(message, /^and 22 more\n/);
    assert.match(message, /loop 0\n.*loop 1\n/);
    assert.match(message, /state 39$/);
  });
});
