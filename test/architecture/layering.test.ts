import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { rules } from './rules.ts';
import { readTexts, treeOf } from './source-tree.ts';

const tree = treeOf(await readTexts(join(import.meta.dirname, '../..')));

describe('the packages', () => {
  it('are found', () => {
    assert.ok(tree.sources.some(({ path }) => path === 'packages/core/src/index.ts'));
    assert.ok(
      tree.sources.some(({ imports }) => imports.some(({ specifier }) => specifier === '@mainstay/core')),
    );
  });

  for (const [name, rule] of Object.entries(rules)) {
    it(`keep the rule: ${name}`, () => {
      const lines = rule(tree).map(({ at, why }) => `${at} ${why}`);
      assert.equal(lines.length, 0, `\n${lines.join('\n')}`);
    });
  }
});
