import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { entriesOf } from '../src/entries.ts';

async function* batchesOf(
  batches: readonly (readonly number[])[],
  onReturn: () => void = () => undefined,
): AsyncGenerator<readonly number[]> {
  try {
    yield* batches;
  } finally {
    onReturn();
  }
}

describe('entriesOf', () => {
  it('hands out every entry in order, whatever the batches', async () => {
    const entries: number[] = [];
    for await (const entry of entriesOf(batchesOf([[], [1, 2], [], [], [3], []]))) entries.push(entry);
    assert.deepEqual(entries, [1, 2, 3]);
  });

  it('ends its source when the loop is left', async () => {
    let returned = 0;
    for await (const entry of entriesOf(batchesOf([[1, 2], [3]], () => returned++))) if (entry === 1) break;
    assert.equal(returned, 1);
  });

  it('hands out nothing more when it is over, and ends its source', async () => {
    let returned = 0;
    let isOver = false;
    const seen: number[] = [];
    const entries = entriesOf(
      batchesOf([[1, 2, 3]], () => returned++),
      () => isOver,
    );
    for await (const entry of entries) {
      seen.push(entry);
      isOver = entry === 2;
    }
    assert.deepEqual(seen, [1, 2]);
    assert.equal(returned, 1);
    assert.deepEqual(await entries.next(), { done: true, value: undefined });
  });

  it('passes on what its source throws', async () => {
    const broken = (async function* () {
      yield [1];
      throw new Error('broken');
    })();
    const entries = entriesOf(broken);
    assert.deepEqual(await entries.next(), { done: false, value: 1 });
    await assert.rejects(entries.next(), /broken/);
    assert.equal((await entries.next()).done, true);
  });
});
