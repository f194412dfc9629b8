import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isAppError } from '@mainstay/core';
import { createWorkerPool, taskWorkerData, type ClosablePool } from '../../src/workers/index.ts';
import type { tasks as programTasks } from './fixtures/program.ts';

type ProgramTasks = typeof programTasks;

const names = 'double threadOf fail failWithText exit throwLater eatMemory spin length makeFunction missing';
const tasks = Object.fromEntries(
  names.split(' ').map((name) => [name, () => assert.fail('runs in threads only')]),
);

describe('worker pool', () => {
  let pool: ClosablePool<ProgramTasks>;
  let spawned = 0;

  function open(size = 1, idleMs = 0): ClosablePool<ProgramTasks> {
    spawned = 0;
    pool = createWorkerPool<ProgramTasks>({
      tasks,
      size,
      idleMs,
      spawn: async () => {
        spawned += 1;
        return new Worker(new URL('fixtures/program.ts', import.meta.url), {
          workerData: taskWorkerData,
          resourceLimits: { maxOldGenerationSizeMb: 32 },
        });
      },
    });
    return pool;
  }

  afterEach(() => pool.close({ deadlineMs: 0 }));

  it('makes no thread before the first task, and uses it again', async () => {
    open(2);
    assert.equal(pool.threads, 0);
    assert.equal(await pool.run('double', 21), 42);
    assert.equal(await pool.run('double', 4), 8);
    assert.equal(spawned, 1);
  });

  it('runs as many at once as it has threads, and queues the rest in order', async () => {
    open(2);
    const all = Array.from({ length: 20 }, (_, n) => pool.run('double', n));
    assert.equal(pool.queued, 18);
    assert.deepEqual(
      await Promise.all(all),
      Array.from({ length: 20 }, (_, n) => n * 2),
    );
    assert.equal(spawned, 2);
    assert.equal(pool.queued, 0);
  });

  it('rejects with the error that the task threw', async () => {
    open();
    const error = await pool.run('fail', undefined).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error);
    assert.deepEqual([error.name, error.message], ['OrderError', 'no such order']);
    assert.equal((error as { code?: string }).code, 'ORDER_BAD');
    assert.match(error.stack ?? '', /program\.ts/);
    assert.ok(error.cause instanceof TypeError);
    assert.equal(error.cause.message, 'root');
    await assert.rejects(pool.run('failWithText', undefined), (thrown) => thrown === 'just text');
    assert.equal(spawned, 1, 'the thread lives on');
  });

  it('rejects for input and results that cannot be cloned', async () => {
    open();
    await assert.rejects(pool.run('double', (() => 1) as never), { name: 'DataCloneError' });
    await assert.rejects(pool.run('makeFunction', undefined), { name: 'DataCloneError' });
    assert.equal(await pool.run('double', 1), 2);
  });

  for (const name of ['exit', 'throwLater', 'eatMemory'] as const) {
    it(`rejects the task of a thread that dies (${name}) and replaces it`, async () => {
      open();
      const dying = pool.run(name, undefined);
      const next = pool.run('double', 5);
      await assert.rejects(dying, (error) => isAppError(error) && error.code === 'WORKER_DIED');
      assert.equal(await next, 10);
      assert.equal(spawned, 2);
    });
  }

  it('stops the thread of a running task when it is aborted, and replaces it', async () => {
    open();
    const abort = new AbortController();
    const spinning = pool.run('spin', undefined, { signal: abort.signal });
    const next = pool.run('double', 5);
    abort.abort();
    await assert.rejects(spinning, { name: 'AbortError' });
    assert.equal(await next, 10);
    assert.equal(spawned, 2);
  });

  it('takes an aborted task out of the queue', async () => {
    open();
    const first = new AbortController();
    const second = new AbortController();
    const spinning = pool.run('spin', undefined, { signal: first.signal });
    const waiting = pool.run('double', 1, { signal: second.signal });
    second.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal(pool.queued, 0);
    assert.equal(spawned, 1);
    first.abort();
    await assert.rejects(spinning, { name: 'AbortError' });
    await assert.rejects(pool.run('double', 1, { signal: first.signal }), { name: 'AbortError' });
  });

  it('ends a task that takes too long', async () => {
    open();
    await assert.rejects(pool.run('spin', undefined, { timeoutMs: 20 }), { code: 'WORKER_TIMEOUT' });
    assert.equal(await pool.run('double', 3), 6);
  });

  it('hands over what is transferred', async () => {
    open();
    const bytes = new ArrayBuffer(64);
    assert.equal(await pool.run('length', bytes, { transfer: [bytes] }), 64);
    assert.equal(bytes.byteLength, 0);
  });

  it('names the tasks there are when asked for another', async () => {
    open();
    await assert.rejects(pool.run('nope' as 'double', 1), { code: 'WORKER_UNKNOWN_TASK', message: /double/ });
    await assert.rejects(pool.run('missing' as 'double', 1), { code: 'WORKER_UNKNOWN_TASK' });
  });

  it('lets what runs and waits end when it closes', async () => {
    open();
    const all = [1, 2, 3].map((n) => pool.run('double', n));
    const closed = pool.close({ deadlineMs: 60_000 });
    await assert.rejects(pool.run('double', 4), { code: 'WORKER_CLOSED' });
    assert.deepEqual(await Promise.all(all), [2, 4, 6]);
    await closed;
    assert.equal(pool.threads, 0);
  });

  it('stops what has not ended at the deadline', async () => {
    open();
    const spinning = pool.run('spin', undefined);
    const waiting = pool.run('double', 1);
    const settled = Promise.allSettled([spinning, waiting]);
    await pool.close({ deadlineMs: 50 });
    for (const result of await settled) {
      assert.equal(result.status, 'rejected');
      assert.equal((result.reason as Error).name, 'AbortError');
    }
  });

  it('gives a thread back that has nothing to do', async () => {
    open(1, 1);
    const first = await pool.run('threadOf', undefined);
    while (pool.threads > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.notEqual(await pool.run('threadOf', undefined), first);
  });

  it('rejects the task when no thread can be made, and tries again for the next', async () => {
    let attempts = 0;
    pool = createWorkerPool<ProgramTasks>({
      tasks,
      size: 1,
      spawn() {
        attempts += 1;
        throw new Error('no threads left');
      },
    });
    const both = await Promise.allSettled([pool.run('double', 1), pool.run('double', 2)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(attempts, 2);
  });
});
