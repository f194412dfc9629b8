import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { initialProbe, stepProbe, type ProbeEffect, type ProbeModel } from '../../src/health/step-probe.ts';
import type { ProbeKind } from '../../src/health/types.ts';
import type { ProbeRules } from '../../src/manifest/types.ts';

const rules: ProbeRules = {
  target: { type: 'heartbeat' },
  intervalMs: 30_000,
  timeoutMs: 5_000,
  failures: 3,
  successes: 1,
  delayMs: 0,
};

/** Gives the results one after the other, and what each led to; timers fire at once. */
class Course {
  model: ProbeModel;
  readonly waits: number[] = [];
  readonly verdicts: Array<Extract<ProbeEffect, { type: 'verdict' }>> = [];
  isProbing = false;

  constructor(kind: ProbeKind, change: Partial<ProbeRules> = {}) {
    this.model = initialProbe(kind, { ...rules, ...change });
    this.#step({ type: 'begin' });
  }

  give(...results: readonly boolean[]): this {
    for (const ok of results) {
      if (this.model.phase === 'waiting') this.#step({ type: 'timer' });
      assert.equal(this.model.phase, 'probing');
      this.isProbing = false;
      this.#step({ type: 'result', result: { ok, detail: ok ? 'well' : 'refused', tookMs: 1 } });
    }
    return this;
  }

  get told(): readonly boolean[] {
    return this.verdicts.map(({ ok }) => ok);
  }

  #step(event: Parameters<typeof stepProbe>[1]): void {
    const { model, effects } = stepProbe(this.model, event);
    this.model = model;
    for (const effect of effects) {
      if (effect.type === 'set-timer') this.waits.push(effect.ms);
      else if (effect.type === 'verdict') this.verdicts.push(effect);
      else if (effect.type === 'probe') {
        assert.equal(this.isProbing, false, 'one at a time');
        this.isProbing = true;
      }
    }
  }
}

describe('a liveness probe', () => {
  it('has failed with the third failure in a row, and says why', () => {
    const course = new Course('liveness').give(true, false, false, true, false, false);
    assert.deepEqual(course.told, [true]);
    course.give(false);
    assert.deepEqual(course.verdicts.at(-1), {
      type: 'verdict',
      ok: false,
      before: 'ok',
      detail: 'refused',
      failuresInRow: 3,
    });
  });

  it('waits its interval from the end of a probe, and its delay before the first', () => {
    const course = new Course('liveness', { delayMs: 10_000 });
    assert.deepEqual(course.waits, [10_000]);
    assert.deepEqual(course.give(false, false).waits, [10_000, 30_000, 30_000]);
  });

  it('is well again after as many successes as it takes', () => {
    const course = new Course('liveness', { successes: 2 }).give(false, false, false, true, false, true);
    assert.deepEqual(course.told, [false]);
    assert.deepEqual(course.give(true, true).told, [false, true]);
  });
});

describe('a readiness probe', () => {
  it('looks often until it is well for the first time, and then at its interval', () => {
    const course = new Course('readiness').give(false, false, false, true, true, false);
    assert.deepEqual(course.waits, [100, 150, 225, 30_000, 30_000, 30_000]);
    assert.deepEqual(course.told, [true]);
  });

  it('fails when it has never been well only by probes at its interval', () => {
    const course = new Course('readiness', { intervalMs: 1_000 });
    while (course.model.quickMs !== undefined) course.give(false);
    assert.deepEqual(course.told, []);
    assert.deepEqual(course.give(false, false).told, []);
    assert.deepEqual(course.give(false).told, [false]);
  });

  it('says each change once', () => {
    const course = new Course('readiness', { failures: 1 }).give(true, false, false, true, true, false);
    assert.deepEqual(course.told, [true, false, true, false]);
  });
});

describe('a startup probe', () => {
  it('is over with its first success', () => {
    const course = new Course('startup', { intervalMs: 1_000, failures: 30 }).give(false, true);
    assert.deepEqual(course.told, [true]);
    assert.equal(course.model.phase, 'idle');
  });

  it('is over when it has failed', () => {
    const course = new Course('startup', { intervalMs: 100, failures: 2 }).give(false, false);
    assert.deepEqual(course.told, [false]);
    assert.equal(course.model.phase, 'idle');
  });
});

describe('the end of a run', () => {
  it('takes the timer back, and what comes late is ignored', () => {
    const waiting = new Course('liveness').give(true).model;
    const ended = stepProbe(waiting, { type: 'end' });
    assert.deepEqual(ended.effects, [{ type: 'clear-timer' }]);
    assert.deepEqual(stepProbe(ended.model, { type: 'timer' }).effects, []);
    const late = stepProbe(ended.model, { type: 'result', result: { ok: false, detail: '', tookMs: 0 } });
    assert.deepEqual(late, { model: ended.model, effects: [] });
  });

  it('is followed by a new beginning, without what was', () => {
    const failed = new Course('liveness').give(false, false, false).model;
    const begun = stepProbe(failed, { type: 'begin' });
    assert.deepEqual(begun.effects, [{ type: 'clear-timer' }, { type: 'probe', timeoutMs: 5_000 }]);
    assert.equal(begun.model.verdict, 'unknown');
    assert.equal(begun.model.failuresInRow, 0);
  });
});

describe('any course', () => {
  it('comes to the verdicts that its rules say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (results, failures, successes) => {
          const course = new Course('liveness', { failures, successes }).give(...results);
          assert.deepEqual(course.told, expected(results, failures, successes));
        },
      ),
    );
  });

  it('has one timer or one probe at a time, whatever happens', () => {
    const events = fc.constantFrom('begin', 'timer', 'well', 'ill', 'end');
    const kinds = fc.constantFrom<ProbeKind>('startup', 'readiness', 'liveness');
    fc.assert(
      fc.property(kinds, fc.array(events, { maxLength: 80 }), (kind, course) => {
        let model = initialProbe(kind, rules);
        let timers = 0;
        for (const type of course) {
          // A clock's timer is gone when it fires; one that was taken back does not.
          if (type === 'timer' && timers > 0) timers -= 1;
          else if (type === 'timer') continue;
          const result = { ok: type === 'well', detail: '', tookMs: 0 };
          const event = type === 'well' || type === 'ill' ? { type: 'result' as const, result } : { type };
          const step = stepProbe(model, event);
          for (const effect of step.effects) {
            if (effect.type === 'set-timer') timers += 1;
            if (effect.type === 'clear-timer') timers -= 1;
          }
          model = step.model;
          assert.equal(timers, model.phase === 'waiting' ? 1 : 0);
        }
      }),
    );
  });
});

/** The rules, said in another way: by looking back from each result. */
function expected(results: readonly boolean[], failures: number, successes: number): boolean[] {
  const told: boolean[] = [];
  for (let end = 1; end <= results.length; end += 1) {
    const last = (count: number, ok: boolean): boolean =>
      end >= count && results.slice(end - count, end).every((result) => result === ok);
    if (last(failures, false) && told.at(-1) !== false) told.push(false);
    else if (last(successes, true) && told.at(-1) !== true) told.push(true);
  }
  return told;
}
