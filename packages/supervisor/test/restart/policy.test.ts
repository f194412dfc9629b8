import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  defaultRestartLimits,
  initialRestart,
  isSettled,
  stepRestart,
  type RestartEvent,
  type RestartModel,
} from '../../src/index.ts';

const limits = defaultRestartLimits;

function ended(at: number, exitCode: number | undefined, random = 1): RestartEvent {
  return { type: 'ended', at, exitCode, description: `exit code ${exitCode}`, random };
}

function run(model: RestartModel, ...events: RestartEvent[]): ReturnType<typeof stepRestart> {
  let step: ReturnType<typeof stepRestart> = { model, effects: [] };
  for (const event of events) step = stepRestart(step.model, event);
  return step;
}

test('the wait doubles from the least to the most, with jitter down to its half', () => {
  const many = { ...limits, crashLoopStarts: 1000 };
  let step = run(initialRestart(many), { type: 'start', at: 0 });
  const waits: number[] = [];
  for (let at = 0; waits.length < 8; at += 1) {
    step = stepRestart(step.model, ended(at, 1));
    const effect = step.effects[0];
    assert.equal(effect?.type, 'set-timer');
    waits.push(effect.ms);
    step = stepRestart(step.model, { type: 'timer', at });
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  const low = run(initialRestart(many), { type: 'start', at: 0 }, ended(0, 1, 0));
  assert.deepEqual(low.effects, [{ type: 'set-timer', ms: 500 }]);
});

test('five starts within a minute are a crash loop, and are parked with the reason', () => {
  let step = run(initialRestart(), { type: 'start', at: 0 });
  for (const at of [0, 2000, 5000, 10_000])
    step = run(step.model, ended(at, 70), { type: 'timer', at: at + 1000 });
  step = stepRestart(step.model, ended(20_000, 70));
  assert.equal(step.model.phase, 'parked');
  assert.deepEqual(step.effects, []);
  assert.match(
    step.model.reason ?? '',
    /Crash loop: 5 starts within 20 s, the last one ended with exit code 70/,
  );
  assert.equal(step.model.restarts, 4);
  const again = stepRestart(step.model, { type: 'start', at: 30_000 });
  assert.deepEqual(again.effects, [{ type: 'spawn' }]);
  assert.equal(again.model.restarts, 0);
});

test('a run that lasted makes the next wait short again', () => {
  let step = run(initialRestart(), { type: 'start', at: 0 }, ended(0, 1), { type: 'timer', at: 1000 });
  step = run(step.model, ended(1000, 1), { type: 'timer', at: 3000 });
  step = stepRestart(step.model, ended(500_000, 1));
  assert.deepEqual(step.effects, [{ type: 'set-timer', ms: 1000 }]);
});

test('exit codes that a restart would not change fail for good', () => {
  const step = run(initialRestart(), { type: 'start', at: 0 }, ended(10, 6));
  assert.equal(step.model.phase, 'failed');
  assert.match(step.model.reason ?? '', /exit code 6, which another start would not change/);
});

const phase = (policy: (typeof limits)['policy'], exitCode: number) =>
  run(initialRestart({ ...limits, policy }), { type: 'start', at: 0 }, ended(5, exitCode)).model.phase;

test('the policy decides about a good and a bad end', () => {
  assert.equal(phase('always', 0), 'waiting');
  assert.equal(phase('always', 1), 'waiting');
  assert.equal(phase('on-failure', 0), 'completed');
  assert.equal(phase('on-failure', 1), 'waiting');
  assert.equal(phase('never', 0), 'completed');
  assert.equal(phase('never', 1), 'failed');
});

test('a stop ends the process, or takes the restart back', () => {
  const active = run(initialRestart(), { type: 'start', at: 0 }, { type: 'stop' });
  assert.equal(active.model.phase, 'stopping');
  assert.deepEqual(active.effects, [{ type: 'end' }]);
  assert.equal(stepRestart(active.model, ended(5, 124)).model.phase, 'stopped');
  const waiting = run(initialRestart(), { type: 'start', at: 0 }, ended(1, 1), { type: 'stop' });
  assert.equal(waiting.model.phase, 'stopped');
  assert.deepEqual(waiting.effects, [{ type: 'clear-timer' }]);
});

test('never two processes, a timer exactly while waiting, nothing after a stop', () => {
  const events = fc.array(
    fc.oneof(
      fc.constant('start' as const),
      fc.constant('timer' as const),
      fc.constant('stop' as const),
      fc.constantFrom(0, 1, 6, undefined).map((exitCode) => ({ exitCode })),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(events, fc.constantFrom('always', 'on-failure', 'never'), (list, policy) => {
      let model = initialRestart({ ...limits, policy });
      let process = false;
      let timer = false;
      let stopped = false;
      for (const [index, item] of list.entries()) {
        const at = index * 700;
        if (item === 'timer' && !timer) continue;
        if (typeof item === 'object' && !process) continue;
        if (item === 'timer') timer = false;
        if (typeof item === 'object') process = false;
        if (item === 'start' && !process) stopped = false;
        if (item === 'stop') stopped = true;
        const event: RestartEvent =
          typeof item === 'object'
            ? ended(at, item.exitCode, 0.5)
            : item === 'stop'
              ? { type: 'stop' }
              : { type: item, at };
        const step = stepRestart(model, event);
        for (const effect of step.effects) {
          if (effect.type === 'spawn') {
            assert.ok(!process && !stopped);
            process = true;
          }
          if (effect.type === 'set-timer') timer = true;
          if (effect.type === 'clear-timer') timer = false;
        }
        model = step.model;
        assert.equal(timer, model.phase === 'waiting');
        assert.equal(process, model.phase === 'active' || model.phase === 'stopping');
        if (isSettled(model.phase)) assert.ok(!process && !timer);
      }
    }),
  );
});
