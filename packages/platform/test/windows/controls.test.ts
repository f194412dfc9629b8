import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptsNothing,
  type AcceptedControls,
  type Control,
  type ServiceState,
  serviceStates,
} from '@mainstay/core';
import { Accept } from '../../src/windows/codes.ts';
import { acceptMask, answerCode, toControl } from '../../src/windows/controls.ts';

const everything: AcceptedControls = {
  pause: true,
  reload: true,
  custom: [128, 255],
  sessionChange: true,
  powerEvent: true,
};
const control = (code: number, eventType = 0, sessionId = 0) => toControl({ code, eventType, sessionId });

describe('controls of the SCM', () => {
  // Codes as MSDN, "HandlerEx", lists them.
  const known: Record<number, Control> = {
    1: { type: 'stop', reason: 'stop' },
    2: { type: 'pause' },
    3: { type: 'continue' },
    4: { type: 'interrogate' },
    5: { type: 'stop', reason: 'shutdown' },
    6: { type: 'reload' },
    15: { type: 'stop', reason: 'preshutdown' },
    128: { type: 'custom', code: 128 },
    255: { type: 'custom', code: 255 },
  };
  for (const [code, expected] of Object.entries(known)) {
    it(`${code} is ${JSON.stringify(expected)}`, () => assert.deepEqual(control(Number(code)), expected));
  }

  it('session events carry what happened and in which session', () => {
    const names = Array.from({ length: 11 }, (_, index) => control(14, index + 1, 7));
    assert.deepEqual(
      names.map((each) => each?.type === 'session-change' && [each.event, each.sessionId]),
      [
        'console-connect',
        'console-disconnect',
        'remote-connect',
        'remote-disconnect',
        'logon',
        'logoff',
        'lock',
        'unlock',
        'remote-control',
        'create',
        'terminate',
      ].map((event) => [event, 7]),
    );
    assert.equal(control(14, 99), undefined);
  });

  it('power events carry what happened', () => {
    const events = [0x4, 0x7, 0xa, 0x12, 0x8013].map((type) => control(13, type));
    assert.deepEqual(
      events.map((each) => each?.type === 'power-event' && each.event),
      ['suspend', 'resume', 'power-status-change', 'resume-automatic', 'power-setting-change'],
    );
    assert.equal(control(13, 0x9), undefined);
  });

  it('what nobody knows is not a control', () => {
    for (const code of [0, 7, 11, 12, 16, 32, 96, 127, 256]) assert.equal(control(code), undefined);
  });

  it('answers are the codes that MSDN wants', () => {
    assert.deepEqual((['accepted', 'unsupported', 'cannot-accept'] as const).map(answerCode), [0, 120, 1061]);
  });
});

describe('what the SCM may send', () => {
  const stops = Accept.stop | Accept.shutdown | Accept.preshutdown;
  const events = Accept.sessionChange | Accept.powerEvent;
  const all = stops | events | Accept.pauseContinue | Accept.paramChange;
  const expected: Record<ServiceState, number> = {
    stopped: 0,
    'start-pending': stops,
    running: all,
    'pause-pending': stops | events,
    paused: all,
    'continue-pending': stops | events,
    'stop-pending': 0,
  };
  for (const state of serviceStates) {
    it(`in state ${state}`, () => {
      assert.equal(acceptMask(state, everything), expected[state]);
      assert.equal(acceptMask(state, acceptsNothing), expected[state] & stops);
    });
  }
});
