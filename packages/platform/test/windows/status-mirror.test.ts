import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptsNothing,
  type AcceptedControls,
  type LifecycleStatus,
  type ServiceState,
} from '@mainstay/core';
import * as fc from 'fast-check';
import {
  initialMirror,
  stepMirror,
  type Mirror,
  type MirrorEffect,
  type MirrorEvent,
} from '../../src/windows/status-mirror.ts';

const accepts: AcceptedControls = { ...acceptsNothing, pause: true, custom: [200] };
const status = (state: ServiceState, change: Partial<LifecycleStatus> = {}): LifecycleStatus => ({
  state,
  accepts,
  checkpoint: 0,
  waitHintMs: state.endsWith('-pending') ? 5_000 : 0,
  reloading: false,
  text: '',
  ...change,
});
const stop = { type: 'control', control: { type: 'stop', reason: 'stop' } } as const;

/** A mirror with its own clock. */
class Run {
  mirror: Mirror = initialMirror({ stopTimeoutMs: 10_000, pauseTimeoutMs: 4_000 }, 0, 30_000);
  now = 0;

  step(event: MirrorEvent): readonly MirrorEffect[] {
    const { mirror, effects } = stepMirror(this.mirror, event, this.now);
    this.mirror = mirror;
    return effects;
  }

  running(): this {
    this.step({ type: 'status', status: status('running'), seen: this.mirror.forwarded });
    return this;
  }

  /** Ticks once a second until the process would be ended, at most so long; the time that it took. */
  untilTerminated(): number | undefined {
    const begin = this.now;
    while (this.now - begin < 120_000) {
      this.now += 1_000;
      if (this.step({ type: 'tick' }).some(({ type }) => type === 'terminate')) return this.now - begin;
    }
    return undefined;
  }
}

const types = (effects: readonly MirrorEffect[]) => effects.map(({ type }) => type);

describe('the mirror of the lifecycle', () => {
  it('shows the pending state before the handler returns, and forwards the control', () => {
    const run = new Run().running();
    assert.deepEqual(types(run.step(stop)), ['set-status', 'forward', 'answer']);
    assert.equal(run.mirror.state, 'stop-pending');
  });

  it('answers an unknown control, one without a handler, and one at the wrong time', () => {
    const run = new Run();
    const answers = (event: MirrorEvent) =>
      run.step(event).flatMap((e) => (e.type === 'answer' ? e.answer : []));
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- belongs to this test
    const custom = (code: number) => ({ type: 'control', control: { type: 'custom', code } }) as const;
    assert.deepEqual(answers(custom(200)), ['cannot-accept']);
    run.running();
    assert.deepEqual(answers({ type: 'control', control: undefined }), ['unsupported']);
    assert.deepEqual(answers(custom(201)), ['unsupported']);
    assert.deepEqual(answers(custom(200)), ['accepted']);
  });

  it('answers an interrogation by itself', () => {
    const run = new Run().running();
    const effects = run.step({ type: 'control', control: { type: 'interrogate' } });
    assert.deepEqual(types(effects), ['set-status', 'answer']);
  });

  it('does not go back to what was reported before a control was seen', () => {
    const run = new Run().running();
    run.step(stop);
    run.step({ type: 'status', status: status('running'), seen: 0 });
    assert.equal(run.mirror.state, 'stop-pending');
    run.step({ type: 'status', status: status('stop-pending'), seen: 1 });
    assert.equal(run.mirror.state, 'stop-pending');
  });

  it('follows the service when it did not do what was asked', () => {
    const run = new Run().running();
    run.step({ type: 'control', control: { type: 'pause' } });
    assert.equal(run.mirror.state, 'pause-pending');
    run.step({ type: 'status', status: status('running'), seen: 1 });
    assert.deepEqual([run.mirror.state, run.mirror.deadline], ['running', undefined]);
  });

  it('forwards a second stop, and begins nothing anew', () => {
    const run = new Run().running();
    run.step(stop);
    const { deadline } = run.mirror;
    run.now = 3_000;
    assert.deepEqual(types(run.step(stop)), ['forward', 'answer']);
    assert.equal(run.mirror.deadline, deadline);
  });

  it('counts checkpoints while something is pending, and ends the process at the deadline', () => {
    const run = new Run().running();
    run.step(stop);
    const before = run.mirror.checkpoint;
    run.now = 1_000;
    assert.deepEqual(types(run.step({ type: 'tick' })), ['set-status']);
    assert.equal(run.mirror.checkpoint, before + 1);
    assert.equal(run.untilTerminated(), 11_000);
    assert.equal(run.mirror.state, 'stopped');
    assert.deepEqual(run.step({ type: 'tick' }), []);
  });

  it('tells the SCM that it has stopped before it ends the process', () => {
    const run = new Run();
    run.now = 60_000;
    const effects = run.step({ type: 'tick' });
    assert.deepEqual(effects, [
      { type: 'set-status', exitCode: 124 },
      { type: 'terminate', exitCode: 124, state: 'start-pending' },
    ]);
  });

  it('waits longer after a checkpoint of the service', () => {
    const run = new Run();
    run.now = 29_000;
    run.step({ type: 'status', status: status('start-pending', { waitHintMs: 60_000 }), seen: 0 });
    assert.equal(run.untilTerminated(), 62_000);
  });

  it('never ends a service that is up, however busy it is', () => {
    assert.equal(new Run().running().untilTerminated(), undefined);
  });

  it('reports the exit code once, and is final', () => {
    const run = new Run().running();
    const exit = { code: 70, reason: 'crashed', message: '' } as const;
    const stopped = { type: 'status', status: status('stopped', { exit }), seen: 0 } as const;
    assert.deepEqual(run.step(stopped), [{ type: 'set-status', exitCode: 70 }]);
    assert.deepEqual(run.step(stopped), []);
    assert.deepEqual(run.step({ type: 'status', status: status('running'), seen: 9 }), []);
    assert.deepEqual(types(run.step(stop)), ['answer']);
  });

  it('takes a last word that has not seen the last control', () => {
    const run = new Run().running();
    run.step(stop);
    const exit = { code: 0, reason: 'stopped', message: '' } as const;
    run.step({ type: 'status', status: status('stopped', { exit }), seen: 0 });
    assert.equal(run.mirror.state, 'stopped');
  });

  it('keeps its invariants under any sequence', () => {
    const states = fc.constantFrom<ServiceState>(
      'start-pending',
      'running',
      'paused',
      'pause-pending',
      'stop-pending',
    );
    const event: fc.Arbitrary<MirrorEvent> = fc.oneof(
      fc.constant<MirrorEvent>({ type: 'tick' }),
      fc.constant<MirrorEvent>(stop),
      fc
        .constantFrom('pause' as const, 'continue' as const, 'reload' as const, 'interrogate' as const)
        .map((type): MirrorEvent => ({ type: 'control', control: { type } })),
      fc
        .tuple(states, fc.nat(5))
        .map(([state, seen]): MirrorEvent => ({ type: 'status', status: status(state), seen })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(4_000)), { maxLength: 60 }), (steps) => {
        const run = new Run();
        let ended = 0;
        for (const [each, wait] of steps) {
          run.now += wait;
          const before = run.mirror;
          const effects = run.step(each);
          const forwarded = effects.filter(({ type }) => type === 'forward').length;
          assert.equal(run.mirror.forwarded - before.forwarded, forwarded);
          if (each.type === 'control')
            assert.equal(effects.filter(({ type }) => type === 'answer').length, 1);
          if (run.mirror.state.endsWith('-pending')) assert.notEqual(run.mirror.deadline, undefined);
          else assert.equal(run.mirror.deadline, undefined);
          if (before.state === 'stopped') assert.equal(run.mirror.state, 'stopped');
          ended += effects.filter(({ type }) => type === 'terminate').length;
        }
        assert.ok(ended <= 1);
      }),
    );
  });
});
