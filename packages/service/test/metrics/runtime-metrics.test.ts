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

  it('give each reader what it has not seen itself', async () => {
    metrics = startRuntimeMetrics();
    const other = metrics.reader();
    await sleep(50);
    block(300);
    await sleep(50);
    const seen = [metrics.snapshot(), other.snapshot()].map(({ eventLoopDelayMs }) => eventLoopDelayMs.max);
    assert.ok(
      seen.every((max) => max >= 200),
      `max ${seen.join(' and ')}`,
    );
  });

  it('are unhealthy after a block, until the event loop turns in time again', async () => {
    metrics = startRuntimeMetrics({ healthyWithinMs: 100 });
    block(300);
    assert.equal(metrics.isHealthy(), false, 'in the same turn');
    await new Promise(setImmediate);
    assert.equal(metrics.isHealthy(), false, 'in the next turn, also for a second who asks');
    while (!metrics.isHealthy()) await sleep(5);
  });

  it('are healthy while the event loop turns within the bound', async () => {
    let now = 0;
    metrics = startRuntimeMetrics({ healthyWithinMs: 100, monotonic: () => now });
    // Longer than the period of the mark, which therefore comes in it.
    const turn = (): Promise<void> => sleep(20);
    assert.equal(metrics.isHealthy(), true);
    now = 100;
    assert.equal(metrics.isHealthy(), true, 'not longer than the bound');
    await turn();
    now = 206;
    assert.equal(metrics.isHealthy(), false, 'longer than the bound');
    await turn();
    assert.equal(metrics.isHealthy(), false, 'the loop turns, and has only just begun to');
    now = 217;
    await turn();
    assert.equal(metrics.isHealthy(), true);
  });
});
