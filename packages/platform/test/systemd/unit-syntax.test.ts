import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatUnit, parseUnit, valuesOf } from '../../src/systemd/unit-file.ts';
import {
  escapeSpecifiers,
  formatCommand,
  formatEnvironment,
  formatText,
  parseCommand,
  quoteWord,
  splitWords,
  unescapeSpecifiers,
} from '../../src/systemd/unit-syntax.ts';

/** Any text that a unit can hold: Unicode, without NUL. */
const word = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed() && !text.includes('\0'));
/** The same, weighted towards what has a meaning in a unit. */
const nasty = fc.string({
  unit: fc.constantFrom(...'a %$\\"\'=;#@-:+!{}[]\n\t\r\u0001\u007f ü💥'.split('')),
});
const text = fc.oneof(
  word,
  nasty.filter((value) => value.isWellFormed()),
);

describe('systemd unit syntax', () => {
  it('gives every word back as it was', () => {
    fc.assert(
      fc.property(fc.array(text), (words) => {
        assert.deepEqual(splitWords(words.map(quoteWord).join(' ')), words);
      }),
    );
  });

  it('gives a command back, through a whole unit file', () => {
    const path = fc.string({ unit: fc.constantFrom(...'ab $%"\\é'.split('')) }).map((name) => `/opt/${name}`);
    fc.assert(
      fc.property(path, fc.array(text), (executable, args) => {
        const value = formatCommand(executable, args);
        const unit = formatUnit(['x'], [{ name: 'Service', entries: [{ key: 'ExecStart', value }] }]);
        assert.deepEqual(parseCommand(valuesOf(parseUnit(unit), 'Service', 'ExecStart')[0] ?? ''), [
          executable,
          ...args,
        ]);
      }),
    );
  });

  it('gives text back trimmed to one line', () => {
    fc.assert(
      fc.property(text, (description) => {
        const entry = { key: 'Description', value: formatText(description) };
        const after = { key: 'After', value: 'x.target' };
        const unit = parseUnit(formatUnit([], [{ name: 'Unit', entries: [entry, after] }]));
        // oxlint-disable-next-line no-control-regex -- what is taken for white space
        const expected = description.replace(/[\u0000-\u0020\u007f]+/g, ' ').trim();
        assert.equal(unescapeSpecifiers(valuesOf(unit, 'Unit', 'Description')[0] ?? ''), expected);
        assert.deepEqual(valuesOf(unit, 'Unit', 'After'), ['x.target']);
      }),
    );
  });

  it('writes a word that needs no quotes as it is', () => {
    assert.equal(quoteWord('--port=8080'), '--port=8080');
    assert.equal(quoteWord(''), '""');
    assert.equal(quoteWord(';'), '";"');
    assert.equal(quoteWord('a "b" \\'), '"a \\"b\\" \\\\"');
  });

  it('doubles what would begin a specifier or a variable', () => {
    assert.equal(escapeSpecifiers('100%'), '100%%');
    assert.equal(formatCommand('/opt/a$b', ['$HOME', '50%']), '"/opt/a$b" "$$HOME" 50%%');
    assert.equal(formatEnvironment('A', '$x 5%'), '"A=$x 5%%"');
  });

  it('reads every escape of the manual page', () => {
    assert.deepEqual(splitWords(String.raw`a\sb "\x41\102\u00e9\U0001f4a5" 'it''s' \q`), [
      'a b',
      'ABé💥',
      'its',
      '\\q',
    ]);
  });

  it('refuses what a unit cannot hold', () => {
    for (const bad of [
      () => quoteWord('a\0'),
      () => quoteWord('\ud800'),
      () => formatCommand('relative', []),
    ]) {
      assert.throws(bad, { code: 'MANAGER_INVALID_SPEC' });
    }
    for (const [name, value] of [
      ['1A', ''],
      ['A-B', ''],
      ['', ''],
      ['A', '\u0001'],
    ] as const) {
      assert.throws(() => formatEnvironment(name, value), { code: 'MANAGER_INVALID_SPEC' });
    }
  });
});

describe('systemd unit files', () => {
  it('are read with comments, continued lines and repeated sections', () => {
    const unit = parseUnit(
      '# c\n[Service]\nEnvironment=A=1 \\\n; not me\n  B=2\nNice = 5\n\n[Unit]\nX=\n[Service]\nNice=6\nnonsense\n',
    );
    assert.deepEqual(
      valuesOf(unit, 'Service', 'Environment').map((value) => splitWords(value)),
      [['A=1', 'B=2']],
    );
    assert.deepEqual(valuesOf(unit, 'Service', 'Nice'), ['5', '6']);
    assert.deepEqual(valuesOf(unit, 'Unit', 'X'), ['']);
  });

  it('never fail to be read', () => {
    fc.assert(fc.property(nasty, (content) => Array.isArray(parseUnit(content))));
  });
});
