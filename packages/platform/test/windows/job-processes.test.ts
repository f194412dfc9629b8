import assert from 'node:assert/strict';
import { it } from 'node:test';
import { descendantsAmong } from '../../src/windows/job-processes.ts';
import { isTrustedOwner, pipeSddl } from '../../src/windows/pipe-security.ts';

it('descendants are found by way of candidates only, and a circle of reused numbers ends', () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 9],
    [5, 6],
    [6, 5],
    [7, 4],
  ]);
  assert.deepEqual(descendantsAmong(1, new Set([2, 3, 4, 5, 6, 7]), parents), [2, 3]);
  assert.deepEqual(descendantsAmong(1, new Set([3]), parents), []);
  assert.deepEqual(descendantsAmong(9, new Set([7, 4]), parents), [7, 4]);
});

it('a pipe is for its account, SYSTEM and the administrators', () => {
  assert.equal(pipeSddl('S-1-5-21-1'), 'D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-21-1)');
  assert.ok(isTrustedOwner('S-1-5-21-1', ['S-1-5-21-1']));
  assert.ok(isTrustedOwner('S-1-5-18', ['S-1-5-21-1']));
  assert.ok(isTrustedOwner('S-1-5-32-544', ['S-1-5-21-1']));
  assert.ok(!isTrustedOwner('S-1-5-21-2', ['S-1-5-21-1']));
});
