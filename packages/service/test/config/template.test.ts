import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  escapeTemplate,
  evaluateTemplate,
  maxTemplateDepth,
  parseTemplate,
  renderTemplate,
  type Placeholder,
  type Template,
} from '../../src/config/template.ts';

function evaluate(text: string, env: Record<string, string> = {}) {
  const parsed = parseTemplate(text);
  assert.ok(parsed.ok, `${text} should parse`);
  return evaluateTemplate(parsed.template, (name) => env[name]);
}

function errorOf(text: string) {
  const parsed = parseTemplate(text);
  assert.ok(!parsed.ok, `${text} should not parse`);
  return parsed.error;
}

const nested = (depth: number): string => '${A:'.repeat(depth) + '}'.repeat(depth);

describe('placeholders', () => {
  const cases: ReadonlyArray<readonly [template: string, env: Record<string, string>, expected: string]> = [
    ['plain', {}, 'plain'],
    ['', {}, ''],
    ['${A}', { A: 'x' }, 'x'],
    ['${A}', { A: '' }, ''],
    ['${A:d}', { A: '' }, ''],
    ['${A:d}', {}, 'd'],
    ['${A:}', {}, ''],
    ['a${A:b}c', {}, 'abc'],
    ['${A:${B:x}}', {}, 'x'],
    ['${A:${B:x}}', { B: 'b' }, 'b'],
    ['${A:${B}}', { A: 'a' }, 'a'],
    ['http://${HOST:localhost}:${PORT:80}/', { PORT: '1' }, 'http://localhost:1/'],
    ['$${A}', { A: 'x' }, '${A}'],
    ['$$${A}', { A: 'x' }, '$x'],
    ['$$$${A}', { A: 'x' }, '$${A}'],
    ['pa$$word$', {}, 'pa$$word$'],
    ['$A', { A: 'x' }, '$A'],
    ['}', {}, '}'],
    ['${A:{"a":{"b":1}}}', {}, '{"a":{"b":1}}'],
    ['${A:{"a":{"b":1}}}', { A: 'x' }, 'x'],
    ['${A:a$}b}', {}, 'a}b'],
    ['${A:cost$$}', {}, 'cost$'],
    ['${A:$${B}}', { B: 'x' }, '${B}'],
    ['${A:-5}', {}, '-5'],
    ['${A}', { A: '${B}', B: 'never' }, '${B}'],
    ['${A: spaced }', {}, ' spaced '],
  ];
  for (const [template, env, expected] of cases) {
    it(`${JSON.stringify(template)} with ${JSON.stringify(env)}`, () => {
      assert.equal(evaluate(template, env).text, expected);
    });
  }

  it('names what is missing and what was used, each once', () => {
    assert.deepEqual(evaluate('${A}${B}${A}${C}${C}${D:x}', { C: '1' }), {
      text: '11x',
      missing: ['A', 'B'],
      used: ['C'],
    });
  });

  it('does not need the default of a variable that is set', () => {
    assert.deepEqual(evaluate('${A:${MISSING}}', { A: 'x' }).missing, []);
  });

  it('points at the placeholder that is not closed', () => {
    assert.equal(errorOf('ab${A').offset, 2);
    assert.equal(errorOf('${A:${B').offset, 4);
    assert.equal(errorOf('${A:x').offset, 0);
    assert.match(errorOf('${A:x').message, /not closed/);
  });

  it('refuses what is not a name', () => {
    for (const text of ['${}', '${1A}', '${a.b}', '${A B}', '${:x}', '${ A}', '${${A}}', '${A-}']) {
      assert.ok(errorOf(text).message.length > 10, text);
    }
  });

  it('bounds the depth', () => {
    assert.equal(evaluate(nested(maxTemplateDepth)).text, '');
    assert.match(errorOf(nested(maxTemplateDepth + 1)).message, /nested more than/);
    assert.match(errorOf(nested(200_000)).message, /nested more than/);
  });
});

const nameArbitrary = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,4}$/);
/** Made of what the syntax gives a meaning to. */
const textArbitrary = fc
  .array(fc.constantFrom('$', '{', '}', ':', 'a', 'A', ' ', '$$', '${', '\n', 'é'), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

const templateArbitrary = fc.letrec<{ template: Template; placeholder: Placeholder }>((tie) => ({
  placeholder: fc.oneof(
    { depthSize: 'small' },
    fc.record({ name: nameArbitrary }, { noNullPrototype: true }),
    fc.record({ name: nameArbitrary, fallback: tie('template') }, { noNullPrototype: true }),
  ),
  template: fc
    .array(fc.oneof({ depthSize: 'small' }, textArbitrary, tie('placeholder')), { maxLength: 4 })
    .map(normalise),
})).template;

function normalise(parts: Template): Template {
  const out: Array<string | Placeholder> = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part;
    else out.push(part);
  }
  return out;
}

function render(template: Template): string | undefined {
  try {
    return renderTemplate(template);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

describe('placeholder properties', () => {
  it('parse(render(template)) is the template', () => {
    let rendered = 0;
    fc.assert(
      fc.property(templateArbitrary, (template) => {
        const text = render(template);
        if (text === undefined) return;
        rendered += 1;
        assert.deepEqual(parseTemplate(text), { ok: true, template });
      }),
      { numRuns: 2000 },
    );
    assert.ok(rendered > 500, `only ${rendered} templates could be written`);
  });

  it('render(parse(text)) means the same as the text', () => {
    fc.assert(
      fc.property(textArbitrary, (text) => {
        const parsed = parseTemplate(text);
        if (parsed.ok) assert.deepEqual(parseTemplate(renderTemplate(parsed.template)), parsed);
      }),
      { numRuns: 2000 },
    );
  });

  it('an escaped text evaluates to itself', () => {
    fc.assert(
      fc.property(fc.oneof(textArbitrary, fc.string()), (text) => {
        assert.deepEqual(evaluate(escapeTemplate(text)), { text, missing: [], used: [] });
      }),
      { numRuns: 2000 },
    );
  });

  it('any text parses or gives an error at a ${ within it', () => {
    fc.assert(
      fc.property(fc.oneof(textArbitrary, fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseTemplate(text);
        if (!parsed.ok) assert.equal(text.slice(parsed.error.offset, parsed.error.offset + 2), '${');
      }),
      { numRuns: 2000 },
    );
  });
});
