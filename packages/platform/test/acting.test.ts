import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sharedWork } from '../src/acting/shared-work.ts';

it('work that is asked for many times is done once more than it was begun, and never too early', async () => {
  let began = 0;
  let release: (() => void)[] = [];
  const ask = sharedWork(async () => {
    began += 1;
    await new Promise<void>((resolve) => release.push(resolve));
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const first = ask();
  await turn();
  const late = [ask(), ask(), ask()];
  await turn();
  assert.equal(began, 1);
  release.shift()?.();
  await first;
  await turn();
  assert.equal(began, 2);
  release.shift()?.();
  await Promise.all(late);
  assert.equal(began, 2);
});

it('a failure is told to those who waited for it, and to nobody else', async () => {
  let fails = true;
  const ask = sharedWork(async () => {
    if (fails) throw new Error('no');
  });
  await assert.rejects(ask(), /no/);
  fails = false;
  await ask();
});
