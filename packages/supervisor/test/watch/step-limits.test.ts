import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import type { ResourceLimits } from '../../src/manifest/types.ts';
import {
  endLimits,
  initialLimits,
  stepLimits,
  watchesLimits,
  type LimitEffect,
  type LimitSample,
} from '../../src/watch/step-limits.ts';

const none: ResourceLimits = {
  memorySoftBytes: undefined,
  memoryHardBytes: undefined,
  reclaimMs: 60_000,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  openFilesAlertShare: 0.9,
  priority: undefined,
};
const nothing: LimitSample = { memoryBytes: undefined, openFiles: undefined, cpuPercent: undefined };

interface At extends Partial<LimitSample> {
  /** Seconds. */
  readonly s: number;
}

function follow(limits: Partial<ResourceLimits>, ...samples: readonly At[]): LimitEffect[][] {
  let model = initialLimits({ ...none, ...limits });
  return samples.map(({ s, ...sample }) => {
    const step = stepLimits(model, { ...nothing, ...sample }, s * 1000);
    model = step.model;
    return [...step.effects];
  });
}

const memory = { memorySoftBytes: 1000 };
const over = (used: number, action: 'reclaim' | 'restart'): LimitEffect => ({
  type: 'limit',
  limit: 'memory.soft',
  exceeded: true,
  used,
  bound: 1000,
  action,
});
const asked = (used: number): LimitEffect => ({
  type: 'reclaim',
  request: { reason: 'memory', used, limit: 1000 },
});

describe('memory over its soft bound', () => {
  it('is an alert and a request at once, and a restart when it stays', () => {
    const effects = follow(
      memory,
      { s: 0, memoryBytes: 1000 },
      { s: 10, memoryBytes: 1001 },
      { s: 20, memoryBytes: 1100 },
      { s: 69, memoryBytes: 1100 },
      { s: 70, memoryBytes: 1100 },
      { s: 200, memoryBytes: 1200 },
    );
    assert.deepEqual(effects, [
      [],
      [over(1001, 'reclaim'), asked(1001)],
      [],
      [],
      [over(1100, 'restart'), { type: 'restart', used: 1100, bound: 1000 }],
      [],
    ]);
  });

  it('is over when it has been well below for half a minute', () => {
    const effects = follow(
      memory,
      { s: 0, memoryBytes: 1001 },
      { s: 10, memoryBytes: 951 },
      { s: 20, memoryBytes: 950 },
      { s: 49, memoryBytes: 900 },
      { s: 50, memoryBytes: 900 },
    );
    assert.deepEqual(effects.slice(1, 4), [[], [], []]);
    assert.deepEqual(effects[4], [{ ...over(900, 'reclaim'), exceeded: false, action: 'alert' }]);
  });

  it('that comes back soon is one alert, with time to reclaim again', () => {
    const effects = follow(
      memory,
      { s: 0, memoryBytes: 1001 },
      { s: 20, memoryBytes: 500 },
      { s: 40, memoryBytes: 1001 },
      { s: 99, memoryBytes: 1001 },
      { s: 100, memoryBytes: 1001 },
    );
    assert.deepEqual(effects[2], [asked(1001)]);
    assert.deepEqual(effects[3], []);
    assert.equal(effects[4]?.at(-1)?.type, 'restart');
  });

  it('does not restart a service that is under it, also when that is close', () => {
    const effects = follow(memory, { s: 0, memoryBytes: 1001 }, { s: 100, memoryBytes: 999 });
    assert.deepEqual(effects[1], []);
  });

  it('is not known without a sample', () => {
    assert.deepEqual(follow(memory, { s: 0 }, { s: 1, openFiles: 1 }), [[], []]);
  });
});

describe('open files', () => {
  it('above their share are an alert and a request, and never a restart', () => {
    const effects = follow(
      { openFiles: 100 },
      { s: 0, openFiles: 90 },
      { s: 1, openFiles: 91 },
      { s: 999, openFiles: 100 },
    );
    assert.deepEqual(effects, [
      [],
      [
        { type: 'limit', limit: 'openFiles', exceeded: true, used: 91, bound: 90, action: 'reclaim' },
        { type: 'reclaim', request: { reason: 'open-files', used: 91, limit: 90 } },
      ],
      [],
    ]);
  });
});

describe('the processor', () => {
  it('at its limit for a minute is said once, and when it is not any more', () => {
    const effects = follow(
      { cpuPercent: 50 },
      { s: 0, cpuPercent: 50 },
      { s: 30, cpuPercent: 40 },
      { s: 60, cpuPercent: 49 },
      { s: 120, cpuPercent: 49 },
      { s: 180, cpuPercent: 50 },
      { s: 190, cpuPercent: 10 },
    );
    assert.deepEqual(effects, [
      [],
      [],
      [],
      [{ type: 'throttled', throttled: true, cpuPercent: 49, bound: 50 }],
      [],
      [{ type: 'throttled', throttled: false, cpuPercent: 10, bound: 50 }],
    ]);
  });
});

describe('what is watched', () => {
  it('is nothing without bounds of our own', () => {
    assert.equal(watchesLimits({ ...none, memoryHardBytes: 1, processes: 1 }), false);
    for (const limits of [memory, { openFiles: 1 }, { cpuPercent: 1 }])
      assert.equal(watchesLimits({ ...none, ...limits }), true);
  });
});

const courses = fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 1300 })), {
  maxLength: 60,
});

describe('any course', () => {
  it('tells the beginning and the end of an alert in turns, and the end of a run ends the alert', () => {
    fc.assert(
      fc.property(courses, (course) => {
        let model = initialLimits({ ...none, ...memory });
        let at = 0;
        let stands = false;
        const take = (effects: readonly LimitEffect[]): void => {
          for (const effect of effects) {
            if (effect.type !== 'limit' || effect.action === 'restart') continue;
            assert.notEqual(effect.exceeded, stands);
            stands = effect.exceeded;
          }
        };
        for (const [ms, memoryBytes] of course) {
          at += ms;
          const step = stepLimits(model, { ...nothing, memoryBytes }, at);
          model = step.model;
          take(step.effects);
          if (memoryBytes > 1000) assert.equal(stands, true);
        }
        take(endLimits(model).effects);
        assert.equal(stands, false);
      }),
    );
  });

  it('restarts only what is over now, has been asked so long ago, and has not been well below since', () => {
    fc.assert(
      fc.property(courses, (course) => {
        let model = initialLimits({ ...none, ...memory });
        let at = 0;
        let askedAt = Infinity;
        for (const [ms, memoryBytes] of course) {
          at += ms;
          const step = stepLimits(model, { ...nothing, memoryBytes }, at);
          model = step.model;
          if (memoryBytes <= 950) askedAt = Infinity;
          for (const effect of step.effects) {
            if (effect.type === 'reclaim') askedAt = at;
            if (effect.type === 'restart') assert.ok(memoryBytes > 1000 && at - askedAt >= 60_000);
          }
        }
      }),
    );
  });

  it('flapping between two samples is one alert', () => {
    const samples = Array.from({ length: 200 }, (_, index) => ({
      s: index * 10,
      memoryBytes: index % 2 === 0 ? 1200 : 100,
    }));
    const alerts = follow(memory, ...samples)
      .flat()
      .filter(({ type }) => type === 'limit');
    assert.equal(alerts.length, 1);
  });
});
