import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterCrash, type CrashDecision, type CrashHistory } from '../../src/instances/crash-policy.ts';

function decide(times: readonly number[]): CrashDecision[] {
  let history: CrashHistory = [];
  return times.map((time) => {
    const next = afterCrash(history, time);
    history = next.history;
    return next.decision;
  });
}

describe('crash policy', () => {
  it('doubles the delay with each crash, and gives up at the fifth in a minute', () => {
    assert.deepEqual(decide([0, 1_000, 3_000, 7_000, 59_999]), [
      { type: 'restart', delayMs: 1_000 },
      { type: 'restart', delayMs: 2_000 },
      { type: 'restart', delayMs: 4_000 },
      { type: 'restart', delayMs: 8_000 },
      { type: 'give-up' },
    ]);
  });

  it('forgets crashes after a minute', () => {
    assert.deepEqual(
      decide([0, 60_000, 120_000, 180_000, 240_000, 300_000]).map((decision) => decision.type),
      Array.from({ length: 6 }, () => 'restart'),
    );
  });

  it('never waits longer than a minute', () => {
    const limits = { firstDelayMs: 1_000, longestDelayMs: 60_000, crashes: 20, withinMs: 1e9 };
    const { decision } = afterCrash(
      Array.from({ length: 12 }, (_, n) => n),
      20,
      limits,
    );
    assert.deepEqual(decision, { type: 'restart', delayMs: 60_000 });
  });
});
