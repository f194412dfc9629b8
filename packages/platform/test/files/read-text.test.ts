import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readText } from '../../src/files/read-text.ts';

it('a text that is not there is told from one that cannot be read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'text-'));
  try {
    const path = join(directory, 'x');
    assert.equal(await readText(path), undefined);
    await writeFile(path, 'ä\n');
    assert.equal(await readText(path), 'ä\n');
    await assert.rejects(readText(directory), { code: 'EISDIR' });
  } finally {
    await rm(directory, { recursive: true });
  }
});
