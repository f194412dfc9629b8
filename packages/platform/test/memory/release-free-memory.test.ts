import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

describe('free memory', () => {
  it('is given back', () => {
    const fixture = fileURLToPath(new URL('fixtures/give-free-memory.ts', import.meta.url));
    const { before, after, works, exposed } = JSON.parse(
      execFileSync(process.execPath, [fixture], { encoding: 'utf8' }),
    ) as { before: number; after: number; works: boolean; exposed: boolean };
    assert.ok(works);
    assert.ok(!exposed, 'the program has no collector at hand');
    assert.ok(after < before / 2, `${before} bytes before, ${after} after`);
  });
});
