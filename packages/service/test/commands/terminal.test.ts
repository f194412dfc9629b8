import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  createStyle,
  diffLines,
  displayWidth,
  pad,
  printable,
  truncate,
  unifiedDiff,
  wantsColor,
} from '../../src/commands/terminal/index.ts';

test('width counts columns, not characters', () => {
  assert.equal(displayWidth('abc'), 3);
  assert.equal(displayWidth('注文'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(displayWidth('👩‍👩‍👧'), 2);
  assert.equal(displayWidth('\u001B[31mred\u001B[0m'), 3);
});

test('truncate never exceeds the columns, pad fills them', () => {
  assert.equal(truncate('注文注文', 5), '注文…');
  assert.equal(truncate('注文注文', 4), '注…');
  assert.equal(truncate('abc', 3), 'abc');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 20 }), (text, columns) => {
      const line = printable(text);
      const cut = truncate(line, columns);
      assert.ok(displayWidth(cut) <= columns);
      assert.equal(displayWidth(pad(cut, columns)), columns);
    }),
  );
});

test('printable text cannot move the cursor', () => {
  assert.equal(printable('a\u001B[2Jb\rc\u0007\u009B1md'), 'abcd');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- what must not be there
      assert.doesNotMatch(printable(text), /[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test('a diff turns one text into the other', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = diffLines(before, after);
      const side = (without: string) => diff.filter(({ kind }) => kind !== without).map(({ text }) => text);
      assert.deepEqual(side('+'), before);
      assert.deepEqual(side('-'), after);
    }),
  );
});

const text = (...lines: string[]) => `${lines.join('\n')}\n`;

test('a unified diff has the headers and ranges of diff -u', () => {
  const plain = createStyle(false);
  assert.equal(
    unifiedDiff('x', text('1', '2', '3', '4', '5'), text('1', '2', '3', '4', 'five'), plain),
    '--- x (installed)\n+++ x\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n',
  );
  assert.equal(unifiedDiff('x', undefined, 'a\n', plain), '--- (nothing)\n+++ x\n@@ -0,0 +1,1 @@\n+a\n');
  assert.ok(unifiedDiff('x', 'a', undefined, createStyle(true)).includes('\u001B[31m-a\u001B[39m'));
});

test('colours follow NO_COLOR, FORCE_COLOR and the terminal', () => {
  assert.equal(wantsColor({}, true), true);
  assert.equal(wantsColor({}, false), false);
  assert.equal(wantsColor({ NO_COLOR: '1' }, true), false);
  assert.equal(wantsColor({ FORCE_COLOR: '1', NO_COLOR: '1' }, false), true);
  assert.equal(wantsColor({ TERM: 'dumb' }, true), false);
});
