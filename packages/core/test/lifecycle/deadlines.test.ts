import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultLifecycleLimits, detachTimeoutMs, primaryLimits, stopAllowanceMs } from '../../src/index.ts';

describe('the time that a service is left to end', () => {
  it('is 25 s unless the service says otherwise', () => {
    assert.equal(stopAllowanceMs(defaultLifecycleLimits), 25_000);
  });

  it('is more than all that the service may do in it', () => {
    for (const [stopTimeoutMs, disposeTimeoutMs] of [
      [1, 1],
      [15_000, 30_000],
      [600_000, 5_000],
    ] as const) {
      const limits = { ...defaultLifecycleLimits, stopTimeoutMs, disposeTimeoutMs };
      const own = stopTimeoutMs + disposeTimeoutMs + detachTimeoutMs;
      assert.ok(stopAllowanceMs(limits) > own, `${stopAllowanceMs(limits)} for ${own}`);
      // Instances end first, and then the primary has a clean-up of its own.
      const primary = primaryLimits(limits);
      assert.ok(primary.stopTimeoutMs > own, `${primary.stopTimeoutMs} for ${own}`);
      assert.ok(stopAllowanceMs(primary) > primary.stopTimeoutMs + disposeTimeoutMs + detachTimeoutMs);
      assert.deepEqual({ ...primary, stopTimeoutMs }, limits);
    }
  });
});
