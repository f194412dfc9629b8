import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  defaultRestartRules,
  judgeEnd,
  noHistory,
  noteStart,
  type JudgedEnd,
  type RestartHistory,
  type RestartRules,
  type Verdict,
} from '../../src/index.ts';

const rules = defaultRestartRules;

function end(at: number, change: Partial<JudgedEnd> = {}): JudgedEnd {
  const exitCode = 'exitCode' in change ? change.exitCode : 1;
  return {
    at,
    uptimeMs: 0,
    exitCode,
    isFault: false,
    description: `exit code ${exitCode}`,
    random: 1,
    ...change,
  };
}

/** Starts and ends at once, again and again, waiting as long as it is told to; the verdicts in their order. */
function crashes(count: number, of: RestartRules, random = 1): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  let history: RestartHistory = noHistory;
  for (let at = 0; verdicts.length < count;) {
    history = noteStart(history, of, at);
    const judgement = judgeEnd(history, of, end(at, { random }));
    history = judgement.history;
    verdicts.push(judgement.verdict);
    if (judgement.verdict.type === 'restart') at += judgement.verdict.afterMs;
  }
  return verdicts;
}

const waits = (verdicts: readonly Verdict[]) =>
  verdicts.map((verdict) => (verdict.type === 'restart' ? verdict.afterMs : verdict.type));

test('after quick ends the wait doubles from the least to the most, with jitter down to its half', () => {
  const many = { ...rules, crashLoopStarts: 1000 };
  assert.deepEqual(waits(crashes(8, many)), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual(waits(crashes(2, many, 0)), [500, 1000]);
});

test('five starts within a minute are a crash loop, and are parked with the reason', () => {
  const verdicts = crashes(5, rules);
  assert.deepEqual(waits(verdicts), [1000, 2000, 4000, 8000, 'park']);
  assert.deepEqual(verdicts.at(-1), {
    type: 'park',
    reason: 'Crash loop: 5 starts within 15s, the last one with exit code 1',
    retryMs: 300_000,
  });
});

test('a fault is told by what it was, not by how it was ended', () => {
  const fault = 'its liveness probe failed: no answer';
  const { verdict } = judgeEnd({ ...noHistory, onProbation: true }, rules, end(0, { isFault: true, fault }));
  assert.ok(verdict.type === 'park');
  assert.equal(
    verdict.reason,
    'Crash loop: the slow retry ended too, the last one because its liveness probe failed: no answer',
  );
  const never = judgeEnd(noHistory, { ...rules, policy: 'never' }, end(0, { isFault: true, fault })).verdict;
  assert.ok(never.type === 'fail');
  assert.equal(
    never.reason,
    'It was ended because its liveness probe failed: no answer, and its restart policy is never',
  );
});

test('the slow retry of a parked one is parked again when it ends quickly, and is well when it lasts', () => {
  const parked: RestartHistory = { starts: [0], inRow: 0, onProbation: true };
  assert.equal(judgeEnd(parked, rules, end(9_999, { uptimeMs: 9_999 })).verdict.type, 'park');
  const { verdict, history } = judgeEnd(parked, rules, end(10_000, { uptimeMs: 10_000 }));
  assert.deepEqual(verdict, { type: 'restart', afterMs: 0 });
  assert.equal(history.onProbation, false);
});

test('a run that lasted makes the next restart come at once again', () => {
  const tired: RestartHistory = { starts: [0], inRow: 4, onProbation: false };
  assert.deepEqual(judgeEnd(tired, rules, end(1000, { uptimeMs: 500 })).verdict, {
    type: 'restart',
    afterMs: 16_000,
  });
  const { verdict, history } = judgeEnd(tired, rules, end(70_000, { uptimeMs: 10_000 }));
  assert.deepEqual(verdict, { type: 'restart', afterMs: 0 });
  assert.equal(history.inRow, 0);
});

test('starts that are older than the window do not count', () => {
  let history: RestartHistory = noHistory;
  for (let at = 0; at < 20 * 15_001; at += 15_001) {
    history = noteStart(history, rules, at);
    const judgement = judgeEnd(history, rules, end(at + 15_000, { uptimeMs: 15_000 }));
    assert.equal(judgement.verdict.type, 'restart', `at ${at}`);
    history = judgement.history;
    assert.ok(history.starts.length <= rules.crashLoopStarts);
  }
});

test('the policy and the rules on exit codes decide about a good and a bad end', () => {
  const verdict = (
    policy: RestartRules['policy'],
    exitCode: number | undefined,
    change: Partial<JudgedEnd> = {},
  ) =>
    judgeEnd(noHistory, { ...rules, policy, successOn: [3], neverOn: [6] }, end(0, { exitCode, ...change }))
      .verdict.type;
  assert.equal(verdict('always', 0), 'restart');
  assert.equal(verdict('always', 1), 'restart');
  assert.equal(verdict('on-failure', 0), 'complete');
  assert.equal(verdict('on-failure', 3), 'complete');
  assert.equal(verdict('on-failure', 1), 'restart');
  assert.equal(verdict('on-failure', undefined), 'restart');
  assert.equal(verdict('never', 0), 'complete');
  assert.equal(verdict('never', 1), 'fail');
  assert.equal(verdict('always', 6), 'fail');
  // Ended for its probes or its memory: whatever it says of itself, it was not well.
  assert.equal(verdict('on-failure', 0, { isFault: true }), 'restart');
  assert.equal(verdict('always', 6, { isFault: true }), 'restart');
});
