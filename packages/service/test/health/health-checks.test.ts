import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHealth, type LifecycleHealth } from '../../src/health/index.ts';

const running: LifecycleHealth = { up: true, paused: false, state: 'running' };

describe('health', () => {
  it('is the worst of its checks', async () => {
    const health = createHealth({ lifecycle: () => running });
    assert.deepEqual(await health.report(), {
      state: 'ok',
      ready: true,
      checks: { lifecycle: { state: 'ok', detail: 'running' } },
    });
    health.set('disk', 'degraded', '90 % full');
    health.check('database', () => 'ok');
    const degraded = await health.report();
    assert.deepEqual([degraded.state, degraded.ready], ['degraded', true]);
    assert.deepEqual(degraded.checks['disk'], { state: 'degraded', detail: '90 % full' });
    health.check('database', async () => ({ state: 'failed', detail: 'gone' }));
    const failed = await health.report();
    assert.deepEqual([failed.state, failed.ready], ['failed', false]);
  });

  it('shows no secret in its details', async () => {
    const mask = (text: string): string => text.replaceAll('hunter2', '***');
    const health = createHealth({ lifecycle: () => running, mask });
    health.set('cache', 'degraded', 'no answer from redis://:hunter2@cache');
    health.check('database', () => Promise.reject(new Error('no answer from pg://me:hunter2@db')));
    const { checks } = await health.report();
    assert.equal(checks['cache']?.detail, 'no answer from redis://:***@cache');
    assert.equal(checks['database']?.detail, 'no answer from pg://me:***@db');
  });

  it('is not ok before the start has ended, and not ready while paused', async () => {
    let lifecycle: LifecycleHealth = { up: false, paused: false, state: 'start-pending' };
    const health = createHealth({ lifecycle: () => lifecycle });
    assert.deepEqual(await health.report().then(({ state, ready }) => [state, ready]), ['degraded', false]);
    lifecycle = { up: true, paused: true, state: 'paused' };
    assert.deepEqual(await health.report().then(({ state, ready }) => [state, ready]), ['ok', false]);
  });

  it('takes a probe that throws, at once or later, for failed', async () => {
    const health = createHealth({ lifecycle: () => running });
    health.check('sync', () => {
      throw new Error('at once');
    });
    health.check('async', () => Promise.reject(new Error('later')));
    for (let n = 0; n < 2; n += 1) {
      const { checks } = await health.report();
      assert.deepEqual(checks['sync'], { state: 'failed', detail: 'at once' });
      assert.deepEqual(checks['async'], { state: 'failed', detail: 'later' });
    }
  });

  it('aborts a probe that hangs, and does not call it again while it does', async () => {
    const health = createHealth({ lifecycle: () => running });
    let calls = 0;
    let aborted = false;
    const hung = Promise.withResolvers<'ok'>();
    health.check(
      'slow',
      (signal) => {
        calls += 1;
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return hung.promise;
      },
      { timeoutMs: 5 },
    );
    assert.equal((await health.report()).checks['slow']?.detail, 'No answer within 5 ms');
    assert.equal((await health.report()).state, 'failed');
    assert.deepEqual([calls, aborted], [1, true]);
    hung.resolve('ok');
    await hung.promise;
    assert.equal((await health.report()).state, 'ok');
  });
});
