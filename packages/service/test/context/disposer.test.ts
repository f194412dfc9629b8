import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '@mainstay/core';
import { DisposerStack, type DisposableFiles } from '../../src/context/disposer.ts';
import { rememberingLog } from './quiet-log.ts';

function createStack() {
  const clock = new VirtualClock();
  const log = rememberingLog();
  const calls: string[] = [];
  const files: DisposableFiles = {
    temporaryDirectory: () => ({ path: '/t/1', remove: () => void calls.push('remove /t/1') }),
    lockFile: (path) => ({ path, remove: () => void calls.push(`remove ${path}`) }),
  };
  const stack = new DisposerStack({ log, clock, files: async () => files });
  return { stack, clock, log, calls };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
};

describe('DisposerStack', () => {
  it('releases last in, first out, one after the other', async () => {
    const { stack, calls } = createStack();
    stack.defer('first', () => void calls.push('first'));
    stack.defer('second', async () => {
      calls.push('second begins');
      await turns();
      calls.push('second ends');
    });
    assert.equal(await stack.temporaryDirectory(), '/t/1');
    await stack.lockFile('/l');
    assert.deepEqual(await stack.releaseAll(1_000), { failed: [], overran: [] });
    assert.deepEqual(calls, ['remove /l', 'remove /t/1', 'second begins', 'second ends', 'first']);
  });

  it('one that fails, at once or later, does not keep the others', async () => {
    const { stack, calls, log } = createStack();
    stack.defer('last', () => void calls.push('last'));
    stack.defer('throws', () => {
      throw new Error('at once');
    });
    stack.defer('rejects', () => Promise.reject(new Error('later')));
    assert.deepEqual(await stack.releaseAll(1_000), { failed: ['rejects', 'throws'], overran: [] });
    assert.deepEqual(calls, ['last']);
    assert.deepEqual(log.lines, ['error A release failed', 'error A release failed']);
  });

  it('each that hangs gets half of the time that is left, so that the last has some', async () => {
    const { stack, clock, calls } = createStack();
    stack.defer('last', () => void calls.push(`last at ${clock.monotonic()}`));
    stack.defer('hangs too', () => new Promise(() => {}));
    stack.defer('hangs', () => new Promise(() => {}));
    const released = stack.releaseAll(1_000);
    await turns();
    clock.advance(500);
    await turns();
    clock.advance(250);
    assert.deepEqual(await released, { failed: [], overran: ['hangs', 'hangs too'] });
    assert.deepEqual(calls, ['last at 750']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('is done once, however often it is asked for', async () => {
    const { stack, calls } = createStack();
    stack.defer('once', () => void calls.push('once'));
    await Promise.all([stack.releaseAll(1_000), stack.releaseAll(1_000)]);
    stack.releaseSync();
    assert.deepEqual(calls, ['once']);
  });

  it('takes nothing more once it has begun', async () => {
    const { stack } = createStack();
    await stack.releaseAll(1_000);
    const code = { code: 'SERVICE_ENDING' };
    assert.throws(() => stack.defer('late', () => {}), code);
    await assert.rejects(stack.temporaryDirectory(), code);
    await assert.rejects(stack.lockFile('/l'), code);
  });

  it('at a sudden exit removes files, and only those', async () => {
    const { stack, calls } = createStack();
    stack.defer('handle', () => void calls.push('handle'));
    await stack.temporaryDirectory();
    await stack.lockFile('/l');
    stack.releaseSync();
    assert.deepEqual(calls, ['remove /l', 'remove /t/1']);
  });

  it('disposes of what the language calls disposable', async () => {
    const { stack, calls } = createStack();
    const plain = { [Symbol.dispose]: () => void calls.push('plain') };
    const asynchronous = {
      async [Symbol.asyncDispose]() {
        await turns();
        calls.push('asynchronous');
      },
    };
    assert.equal(stack.use(plain), plain);
    stack.use(asynchronous);
    await stack.releaseAll(1_000);
    assert.deepEqual(calls, ['asynchronous', 'plain']);
  });
});
