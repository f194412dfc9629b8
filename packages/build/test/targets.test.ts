import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostTarget, parseTargets, targets } from '../src/index.ts';

test('lists, repetitions and spaces are read', () => {
  assert.deepEqual(parseTargets(['linux-x64, win-x64', 'linux-x64']), ['linux-x64', 'win-x64']);
  assert.deepEqual(parseTargets([targets.join(',')]), targets);
});

test('an unknown target is answered with the known ones and the nearest', () => {
  const expected: Record<string, string> = {
    'linux-x46': 'linux-x64',
    'windows-amd64': 'win-x64',
    win32_arm64: 'win-arm64',
    'macos-aarch64': 'darwin-arm64',
    'linux/amd64': 'linux-x64',
  };
  for (const [name, nearest] of Object.entries(expected)) {
    assert.throws(
      () => parseTargets([name]),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'BUILD_UNKNOWN_TARGET');
        assert.ok(error.message.includes(`did you mean ${nearest}?`), error.message);
        return targets.every((target) => error.message.includes(target));
      },
    );
  }
  assert.throws(() => parseTargets(['plan9-mips']), {
    code: 'BUILD_UNKNOWN_TARGET',
    message: /^(?!.*did you mean)/,
  });
  assert.throws(() => parseTargets(['', ',']), { code: 'BUILD_UNKNOWN_TARGET' });
});

test('each machine has one target at most', () => {
  assert.equal(hostTarget('win32', 'arm64'), 'win-arm64');
  assert.equal(hostTarget('sunos', 'x64'), undefined);
});
