import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptedControls } from '../../src/lifecycle/handlers.ts';
import type { ServiceHandlers } from '../../src/index.ts';

const nothing = (): void => {};

describe('acceptedControls', () => {
  it('of a stop alone: nothing', () => {
    assert.deepEqual(acceptedControls({ stop: nothing }), {
      pause: false,
      reload: false,
      custom: [],
      sessionChange: false,
      powerEvent: false,
    });
  });

  it('of everything: everything', () => {
    const control = { 128: nothing, 255: nothing, sessionChange: nothing, powerEvent: nothing };
    const handlers = { stop: nothing, pause: nothing, resume: nothing, reload: nothing, control };
    assert.deepEqual(acceptedControls(handlers), {
      pause: true,
      reload: true,
      custom: [128, 255],
      sessionChange: true,
      powerEvent: true,
    });
  });

  const wrong: ReadonlyArray<readonly [what: string, handlers: unknown, message: RegExp]> = [
    ['nothing', undefined, /returned undefined: return \{ stop\(\) \{ … \} \}/],
    ['a function', nothing, /returned function: return \{ stop\(\)/],
    ['null', null, /returned null/],
    ['no stop', {}, /has no stop, nothing: return \{ stop\(\)/],
    ['another name for stop', { close: nothing }, /has no stop, only close: return/],
    ['a pause that is no function', { stop: nothing, pause: true, resume: nothing }, /pause is boolean/],
    ['pause without resume', { stop: nothing, pause: nothing }, /pause without resume/],
    ['resume without pause', { stop: nothing, resume: nothing }, /resume without pause/],
    [
      'code 127',
      { stop: nothing, control: { 127: nothing } },
      /no control "127": use a code from 128 to 255/,
    ],
    ['code 256', { stop: nothing, control: { 256: nothing } }, /no control "256"/],
    ['an unknown control', { stop: nothing, control: { shutdown: nothing } }, /no control "shutdown"/],
    ['a control that is no function', { stop: nothing, control: { 128: 1 } }, /128 is not a function/],
  ];
  for (const [what, handlers, message] of wrong) {
    it(`refuses ${what}`, () =>
      assert.throws(() => acceptedControls(handlers as ServiceHandlers), {
        code: 'SERVICE_INVALID_HANDLERS',
        message,
      }));
  }
});
