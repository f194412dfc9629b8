import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptsNothing,
  answerControl,
  serviceStates,
  type AcceptedControls,
  type Control,
  type ControlAnswer,
  type ServiceState,
} from '../../src/index.ts';

const all: AcceptedControls = {
  pause: true,
  reload: true,
  custom: [200],
  sessionChange: true,
  powerEvent: true,
};
const pause: Control = { type: 'pause' };
const custom: Control = { type: 'custom', code: 200 };
const session: Control = { type: 'session-change', event: 'logon', sessionId: 1 };
const power: Control = { type: 'power-event', event: 'suspend' };

/** What each state answers, with everything supported: pause (continue, reload, custom alike), then notifications. */
const table: Readonly<Record<ServiceState, readonly [ControlAnswer, ControlAnswer]>> = {
  stopped: ['cannot-accept', 'cannot-accept'],
  'start-pending': ['cannot-accept', 'cannot-accept'],
  running: ['accepted', 'accepted'],
  'pause-pending': ['cannot-accept', 'accepted'],
  paused: ['accepted', 'accepted'],
  'continue-pending': ['cannot-accept', 'accepted'],
  'stop-pending': ['cannot-accept', 'cannot-accept'],
};

describe('answerControl', () => {
  for (const state of serviceStates) {
    it(`${state}: changes ${table[state][0]}, notifications ${table[state][1]}`, () => {
      for (const control of [pause, { type: 'continue' }, { type: 'reload' }, custom] as const) {
        assert.equal(answerControl(state, all, control), table[state][0], control.type);
      }
      for (const control of [session, power]) {
        assert.equal(answerControl(state, all, control), table[state][1], control.type);
      }
    });

    it(`${state}: stop and interrogate are always accepted`, () => {
      assert.equal(answerControl(state, acceptsNothing, { type: 'stop', reason: 'stop' }), 'accepted');
      assert.equal(answerControl(state, acceptsNothing, { type: 'interrogate' }), 'accepted');
    });
  }

  it('what the service has no handler for is unsupported, once it is known', () => {
    for (const control of [
      pause,
      { type: 'continue' },
      { type: 'reload' },
      custom,
      session,
      power,
    ] as const) {
      assert.equal(answerControl('running', acceptsNothing, control), 'unsupported', control.type);
      assert.equal(answerControl('start-pending', acceptsNothing, control), 'cannot-accept', control.type);
    }
    assert.equal(answerControl('running', all, { type: 'custom', code: 201 }), 'unsupported');
  });
});
