import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'node:test';
import { startRuntimeMetrics, type RunningMetrics } from '../../src/metrics/index.ts';

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

describe('runtime metrics', () => {
  let metrics: RunningMetrics;
  afterEach(() => metrics.close());

  it('see how long the event loop was blocked, once', async () => {
    metrics = startRuntimeMetrics();
    await sleep(50);
    block(300);
    await sleep(50);
    const { eventLoopDelayMs, eventLoopUtilization, rssBytes, heapUsedBytes } = metrics.snapshot();
    assert.ok(eventLoopDelayMs.max >= 200, `max ${eventLoopDelayMs.max}`);
    assert.ok(eventLoopDelayMs.count > 0 && eventLoopDelayMs.p50 <= eventLoopDelayMs.p99);
    assert.ok(eventLoopUtilization > 0 && eventLoopUtilization <= 1);
    assert.ok(rssBytes > heapUsedBytes && heapUsedBytes > 0);
    assert.ok(
      metrics.snapshot().eventLoopDelayMs.count < eventLoopDelayMs.count,
      'each counts since the last',
    );
  });

  it('see the pauses of the garbage collector', async () => {
    metrics = startRuntimeMetrics();
    let minor = 0;
    while (minor === 0) {
      // What survives nothing is collected by the scavenger sooner or later.
      for (let n = 0; n < 1e5; n += 1) void [n, String(n)];
      await sleep(1);
      const { gcPauseMs } = metrics.snapshot();
      minor = gcPauseMs.minor.count;
      if (minor > 0) assert.ok(gcPauseMs.minor.max > 0);
    }
  });

  it('are healthy while the event loop turns', async () => {
    let now = 0;
    metrics = startRuntimeMetrics({ healthyWithinMs: 100, monotonic: () => now });
    assert.equal(metrics.isHealthy(), true);
    now = 101;
    assert.equal(metrics.isHealthy(), false, 'no turn since the first question');
    await sleep(1);
    assert.equal(metrics.isHealthy(), true);
  });
});
