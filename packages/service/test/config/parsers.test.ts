import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseJson, type ParsedDocument } from '../../src/config/json.ts';
import { plainValue } from '../../src/config/text.ts';
import { nodeAt } from '../../src/config/tree.ts';
import type { Origin } from '../../src/config/types.ts';
import { parseYaml } from '../../src/config/yaml.ts';

const originAt = (line: number, column: number): Origin => ({ kind: 'file', file: 'f', line, column });
const json = (text: string): ParsedDocument => parseJson(text, originAt);
const yaml = (text: string): Promise<ParsedDocument> => parseYaml(text, originAt);

function problem(document: ParsedDocument): string {
  const [first] = document.problems;
  assert.ok(first, 'should have a problem');
  assert.equal(document.node, undefined);
  return `${first.code} ${first.origin?.line}:${first.origin?.column}`;
}

function at(document: ParsedDocument, ...path: Array<string | number>): string {
  assert.ok(document.node, JSON.stringify(document.problems));
  const node = nodeAt(document.node, path);
  return `${node?.origin.line}:${node?.origin.column}`;
}

describe('JSON', () => {
  it('reads what JSON.parse reads, as it does', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        const expected: unknown = JSON.parse(text);
        if (text.includes('__proto__')) return;
        const { node } = json(text);
        assert.ok(node);
        assert.deepEqual(plainValue(node), expected);
      }),
    );
  });

  it('refuses what JSON.parse refuses, without throwing', () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '01',
      '-',
      '1e5',
      'true',
      'nul',
      ' ',
      '\n',
      '\\',
      '\u0001',
      '.5',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fragment).map((parts) => parts.join('')),
        ),
        (text) => {
          let accepted = true;
          try {
            JSON.parse(text);
          } catch {
            accepted = false;
          }
          const document = json(text);
          // The one thing that JSON.parse takes and this does not.
          if (document.problems[0]?.code === 'CONFIG_DUPLICATE_KEY') return;
          assert.equal(document.node !== undefined, accepted, JSON.stringify(text));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('has line and column of each value, also after CRLF', () => {
    const document = json('{\r\n  "a": 1,\r\n  "b": [true,\n    {"c": "x"}]\n}');
    assert.equal(at(document, 'a'), '2:8');
    assert.equal(at(document, 'b', 0), '3:9');
    assert.equal(at(document, 'b', 1, 'c'), '4:11');
  });

  const bad: ReadonlyArray<readonly [string, string]> = [
    ['', 'CONFIG_SYNTAX 1:1'],
    ['{"a": 1,}', 'CONFIG_SYNTAX 1:9'],
    ['{"a": 1\n "b": 2}', 'CONFIG_SYNTAX 2:2'],
    ['{"a": hunter2}', 'CONFIG_SYNTAX 1:7'],
    ['{"a": "x', 'CONFIG_SYNTAX 1:7'],
    ['{} {}', 'CONFIG_SYNTAX 1:4'],
    ['{"a": 1, "a": 2}', 'CONFIG_DUPLICATE_KEY 1:10'],
    ['{"__proto__": {"x": 1}}', 'CONFIG_FORBIDDEN_KEY 1:2'],
    ['{"\\u005f_proto__": 1}', 'CONFIG_FORBIDDEN_KEY 1:2'],
    ['['.repeat(100_000), 'CONFIG_TOO_COMPLEX 1:102'],
  ];
  for (const [text, expected] of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => assert.equal(problem(json(text)), expected));
  }

  it('reads a string of a million characters', () => {
    const text = JSON.stringify({ a: 'x\n'.repeat(500_000) });
    assert.equal(json(text).problems.length, 0);
  });
});

describe('YAML', () => {
  it('has line and column of each value, also after CRLF', async () => {
    const document = await yaml('# c\r\na: 1\r\nb:\r\n  - true\r\n  - c: "x"\r\n');
    assert.equal(at(document, 'a'), '2:4');
    assert.equal(at(document, 'b', 0), '4:5');
    assert.equal(at(document, 'b', 1, 'c'), '5:8');
  });

  it('is YAML 1.2: no is a string, keys are strings, an empty document is an empty map', async () => {
    const { node } = await yaml('a: no\nb: on\n1: x\ntrue: y\nd: 2026-01-01\no: 0o17\n');
    assert.ok(node);
    assert.deepEqual(plainValue(node), { 1: 'x', a: 'no', b: 'on', true: 'y', d: '2026-01-01', o: 15 });
    assert.deepEqual((await yaml('')).node?.type, 'map');
    assert.deepEqual((await yaml('# only a comment\n')).node?.type, 'map');
  });

  it('follows aliases and merge keys; the own key wins, then the first map', async () => {
    const { node } = await yaml(
      'one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nx:\n  <<: [*one, *two]\n  a: 9\ny: *one\n"<<": literal\n',
    );
    assert.ok(node);
    const one = { a: 1, b: 1 };
    assert.deepEqual(plainValue(node), {
      one,
      two: { b: 2, c: 2 },
      x: { a: 9, b: 1, c: 2 },
      y: one,
      '<<': 'literal',
    });
  });

  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    .concat(Array.from({ length: 9 }, (_unused, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(10)}]`))
    .join('\n');
  const bad: ReadonlyArray<readonly [string, string]> = [
    ['a: 1\nb: x: y\n', 'CONFIG_SYNTAX 2:4'],
    ['a:\n\tb: 1\n', 'CONFIG_SYNTAX 2:1'],
    ['a: 1\nb: 2\na: 3\n', 'CONFIG_DUPLICATE_KEY 3:1'],
    ['a: 1\n---\nb: 2\n', 'CONFIG_SYNTAX 2:1'],
    ['a: *hunter2\n', 'CONFIG_SYNTAX 1:4'],
    ['a: &x [*x]\n', 'CONFIG_SYNTAX 1:8'],
    ['a: !hunter2 b\n', 'CONFIG_SYNTAX 1:4'],
    ['a: !!js/function "x"\n', 'CONFIG_SYNTAX 1:4'],
    ['a: @x\n', 'CONFIG_SYNTAX 1:4'],
    ['a: "x\n', 'CONFIG_SYNTAX 2:1'],
    ['a: {b: ${C:d}}\n', 'CONFIG_SYNTAX 1:9'],
    ['? [a]\n: b\n', 'CONFIG_SYNTAX 1:3'],
    ['a:\n  __proto__: {x: 1}\n', 'CONFIG_FORBIDDEN_KEY 2:3'],
    ['a: &x 1\nb:\n  <<: *x\n', 'CONFIG_SYNTAX 3:3'],
    [bomb, 'CONFIG_TOO_COMPLEX 5:9'],
    [`a: ${'['.repeat(200)}${']'.repeat(200)}\n`, 'CONFIG_TOO_COMPLEX 1:104'],
    ['['.repeat(500_000), 'CONFIG_TOO_COMPLEX 1:1'],
  ];
  for (const [text, expected] of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, async () => {
      const document = await yaml(text);
      assert.match(problem(document), new RegExp(`^${expected.replace(/1:1$/, '1:\\d+')}$`));
      assert.ok(!JSON.stringify(document.problems).includes('hunter2'));
    });
  }

  it('reports at most 20 problems of one file, in their order', async () => {
    const { problems } = await yaml('a: @x\n'.repeat(100));
    assert.equal(problems.length, 20);
    assert.deepEqual(problems[0]?.origin, originAt(1, 4));
  });

  it('never throws', async () => {
    const fragment = fc.constantFrom(
      'a',
      ': ',
      ':',
      '\n',
      '  ',
      '- ',
      '&x ',
      '*x',
      '!t ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '|',
      '>',
      '#',
      '---\n',
      '%',
      '@',
      '\t',
      '? ',
      '<<: ',
      '${A}',
      'é',
      '\0',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fragment).map((parts) => parts.join('')),
        ),
        async (text) => {
          const document = await yaml(text);
          assert.equal(document.node === undefined, document.problems.length > 0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
