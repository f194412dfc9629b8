import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { cacheEntry } from '../../scripts/setup/cache.ts';

const half = async (path: string) => {
  await writeFile(join(path, 'half'), '');
  throw new Error('killed');
};

describe('a folder in the cache', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mainstay-cache-'));
    process.env['MAINSTAY_TEST_CACHE'] = folder;
  });
  afterEach(async () => {
    delete process.env['MAINSTAY_TEST_CACHE'];
    await rm(folder, { recursive: true });
  });

  it('is made once', async () => {
    let times = 0;
    const entry = cacheEntry('thing', { version: 1 });
    const make = async (path: string) => {
      times += 1;
      await writeFile(join(path, 'file'), '');
    };
    assert.equal(await entry.isComplete(), false);
    await entry.fill(make);
    await cacheEntry('thing', { version: 1 }).fill(make);
    assert.deepEqual([times, await entry.isComplete()], [1, true]);
  });

  it('is made anew after a set-up that did not end', async () => {
    const entry = cacheEntry('thing', { version: 1 });
    await assert.rejects(entry.fill(half), /killed/);
    assert.equal(await entry.isComplete(), false);
    await entry.fill(async () => {});
    assert.equal(existsSync(join(entry.path, 'half')), false);
    assert.equal(await entry.isComplete(), true);
  });

  it('is another one for another recipe, and of no use at another place', async () => {
    const entry = cacheEntry('thing', { version: 1 });
    assert.notEqual(cacheEntry('thing', { version: 2 }).path, entry.path);
    await entry.fill(async () => {});
    await rename(folder, `${folder}-moved`);
    process.env['MAINSTAY_TEST_CACHE'] = folder = `${folder}-moved`;
    assert.equal(await cacheEntry('thing', { version: 1 }).isComplete(), false);
  });
});
