import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  initialLifecycle,
  maxQueuedDeliveries,
  stepLifecycle,
  type AcceptedControls,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleModel,
} from '../../src/index.ts';

const all: AcceptedControls = {
  pause: true,
  reload: true,
  custom: [200],
  sessionChange: true,
  powerEvent: true,
};

/** Steps through events; the runs are counted from 1 in the order of the handlers. */
function live(...events: readonly LifecycleEvent[]): {
  model: LifecycleModel;
  effects: readonly LifecycleEffect[];
} {
  let model = initialLifecycle();
  let effects: readonly LifecycleEffect[] = [];
  for (const event of events) ({ model, effects } = stepLifecycle(model, event));
  return { model, effects };
}

const start: LifecycleEvent = { type: 'start' };
const up: LifecycleEvent = { type: 'started', run: 1, accepts: all };
const stop: LifecycleEvent = { type: 'control', control: { type: 'stop', reason: 'stop' } };
const forced: LifecycleEvent = {
  type: 'control',
  control: { type: 'stop', reason: 'interrupt', force: true },
};
const reload: LifecycleEvent = { type: 'control', control: { type: 'reload' } };
const pause: LifecycleEvent = { type: 'control', control: { type: 'pause' } };
const custom: LifecycleEvent = { type: 'control', control: { type: 'custom', code: 200 } };
const ended = (run: number): LifecycleEvent => ({ type: 'succeeded', run });
const broke = (run: number): LifecycleEvent => ({ type: 'failed', run, message: 'it broke' });
const names = (effects: readonly LifecycleEffect[]): string[] =>
  effects.map((effect) => (effect.type === 'invoke' ? `invoke ${effect.handler}` : effect.type));

describe('lifecycle machine', () => {
  it('a plain life: start, up, stop, clean-up, exit 0', () => {
    assert.deepEqual(names(live(start).effects), ['report', 'set-timer', 'invoke start']);
    assert.equal(live(start, up).model.state, 'running');
    const stopping = live(start, up, stop);
    assert.deepEqual(names(stopping.effects), ['report', 'abort', 'log', 'set-timer', 'invoke stop']);
    const cleaning = live(start, up, stop, ended(2));
    assert.deepEqual(names(cleaning.effects), ['report', 'set-timer', 'invoke dispose']);
    const end = live(start, up, stop, ended(2), ended(3));
    assert.deepEqual(names(end.effects), ['report', 'clear-timer', 'exit']);
    assert.deepEqual(end.model.exit, { code: 0, reason: 'stopped', message: 'Stopped (stop)' });
  });

  it('the exit code of a start that fails is the error’s own', () => {
    const failure: LifecycleEvent = { type: 'failed', run: 1, message: 'bad config', exitCode: 6 };
    assert.equal(live(start, failure, ended(2)).model.exit?.code, 6);
    assert.equal(live(start, broke(1), ended(2)).model.exit?.code, 1);
  });

  it('a start that gives up because of a stop is no failure', () => {
    assert.equal(live(start, stop, broke(1), ended(2)).model.exit?.code, 0);
  });

  it('a stop before the start ends at once, and nothing is started any more', () => {
    const { model, effects } = live(stop, start);
    assert.equal(model.exit?.code, 0);
    assert.deepEqual(effects, []);
  });

  it('a pause waits for the reload that runs, and is due within its own deadline', () => {
    const waiting = live(start, up, reload, pause);
    assert.deepEqual(names(waiting.effects), ['report', 'set-timer']);
    assert.equal(waiting.model.state, 'pause-pending');
    assert.deepEqual(names(live(start, up, reload, pause, ended(2)).effects).at(-1), 'invoke pause');
  });

  it('controls are delivered one after the other, before a reload that waits', () => {
    const first = live(start, up, custom, reload, custom);
    assert.deepEqual(first.model.inFlight, { handler: 'deliver', run: 2 });
    const second = live(start, up, custom, reload, custom, ended(2));
    assert.deepEqual(second.model.inFlight, { handler: 'deliver', run: 3 });
    const third = live(start, up, custom, reload, custom, ended(2), broke(3));
    assert.deepEqual(third.model.inFlight, { handler: 'reload', run: 4 });
    assert.equal(third.model.reloading, true);
  });

  it('the result of a handler that overran its deadline does not end the next', () => {
    const late = live(start, up, reload, { type: 'timeout', timer: 'side' }, reload, ended(2));
    assert.deepEqual(late.model.inFlight, { handler: 'reload', run: 3 });
  });

  it('more controls than can wait are dropped with a warning', () => {
    const flood = Array.from({ length: maxQueuedDeliveries + 2 }, () => custom);
    const { model, effects } = live(start, up, ...flood);
    assert.equal(model.deliveries.length, maxQueuedDeliveries);
    assert.deepEqual(
      effects.map((effect) => effect.type === 'log' && effect.level),
      ['warn'],
    );
  });

  it('a stop forgets what waits', () => {
    const { model } = live(start, up, custom, reload, custom, stop);
    assert.deepEqual([model.deliveries, model.reloadQueued], [[], false]);
    const after = live(start, up, custom, reload, custom, stop, ended(2));
    assert.equal(after.model.inFlight?.handler, 'stop');
  });

  it('a second request forces: the clean-up first, then the exit', () => {
    assert.equal(live(start, up, stop, forced).model.inFlight?.handler, 'dispose');
    const end = live(start, up, stop, forced, forced).model.exit;
    assert.deepEqual([end?.code, end?.reason], [124, 'forced']);
  });

  it('a crash keeps its code, whatever the clean-up does', () => {
    const crash: LifecycleEvent = { type: 'crashed', message: 'boom' };
    for (const last of [ended(2), broke(2), { type: 'timeout', timer: 'operation' } as const]) {
      assert.equal(live(start, up, crash, last).model.exit?.code, 70);
    }
    assert.equal(live(start, up, stop, ended(2), crash, ended(3)).model.exit?.code, 70);
  });

  it('a clean-up of which a part overran counts as forced', () => {
    const overran: LifecycleEvent = { type: 'failed', run: 3, message: 'slow', overran: true };
    assert.equal(live(start, up, stop, ended(2), overran).model.exit?.code, 124);
    assert.equal(live(start, up, stop, ended(2), broke(3)).model.exit?.code, 1);
  });

  it('a checkpoint extends the deadline of what is in flight, and what waits for it', () => {
    const checkpoint: LifecycleEvent = { type: 'checkpoint', hintMs: 7_000 };
    assert.deepEqual(live(start, checkpoint).effects.at(-1), {
      type: 'extend-timer',
      timer: 'operation',
      ms: 7_000,
    });
    assert.deepEqual(live(start, up, reload, checkpoint).effects, [
      { type: 'extend-timer', timer: 'side', ms: 7_000 },
    ]);
    const both = live(start, up, reload, stop, checkpoint).effects;
    assert.deepEqual(
      both.flatMap((effect) => (effect.type === 'extend-timer' ? [effect.timer] : [])),
      ['side', 'operation'],
    );
    assert.deepEqual(live(start, up, checkpoint).effects, []);
  });
});
