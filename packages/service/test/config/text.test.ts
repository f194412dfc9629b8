import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { readingsOfText, typeScalar } from '../../src/config/text.ts';
import { fails, loads, tempDir } from './fixture.ts';

/** What a schema makes of one text, given as variable, as flag and through a placeholder. */
async function readings(schema: z.ZodType, text: string): Promise<unknown> {
  const object = z.object({ v: schema });
  const env = await loads({ schema: object, env: { ORDERS_API_V: text } });
  const flag = await loads({ schema: object, set: [`v=${text}`] });
  const placeholder = await loads({ schema: object, defaults: { v: '${V}' }, env: { V: text } });
  assert.deepEqual(flag.value, env.value);
  assert.deepEqual(placeholder.value, env.value);
  return env.value.v;
}

describe('typing of texts', () => {
  it('is that of YAML 1.2', () => {
    const texts =
      '|~|null|Null|nULL|true|True|TRUE|tRUE|false|yes|no|on|off|y|0|007|-1|+1|1e3|1.|.5|1.5e-3|0x1F|0o17|0b1|1_000|.inf|-.INF|.nan|2026-01-01|12:30:00|a b|1 2|--1|e3|Infinity|NaN';
    for (const text of texts.split('|')) {
      const expected: unknown = parseDocument(`- ${text}`).toJS();
      assert.deepEqual([typeScalar(text)], expected, text);
    }
  });

  const cases: ReadonlyArray<readonly [label: string, schema: z.ZodType, text: string, expected: unknown]> = [
    ['string', z.string(), '8080', '8080'],
    ['string', z.string(), '007', '007'],
    ['string', z.string(), '1e3', '1e3'],
    ['string', z.string(), 'true', 'true'],
    ['string', z.string(), '', ''],
    ['string', z.string(), 'null', 'null'],
    ['string', z.string(), 'a,b', 'a,b'],
    ['string', z.string(), '{"a":1}', '{"a":1}'],
    ['string', z.string(), '12345678901234567890', '12345678901234567890'],
    ['number', z.number(), '8080', 8080],
    ['number', z.number(), '007', 7],
    ['number', z.number(), '1e3', 1000],
    ['boolean', z.boolean(), 'true', true],
    ['boolean', z.boolean(), 'FALSE', false],
    ['coerced boolean', z.coerce.boolean(), 'false', false],
    ['coerced number', z.coerce.number(), '8080', 8080],
    ['coerced string', z.coerce.string(), '007', '007'],
    ['stringbool', z.stringbool(), 'yes', true],
    ['unknown', z.unknown(), '8080', 8080],
    ['unknown', z.unknown(), '007', '007'],
    ['unknown', z.unknown(), 'no', 'no'],
    ['nullable number', z.number().nullable(), 'null', null],
    ['nullable number', z.number().nullable(), '', null],
    ['enum', z.enum(['1', '2']), '2', '2'],
    ['literal', z.literal(2), '2', 2],
    ['list of strings', z.array(z.string()), 'a, b', ['a', 'b']],
    ['list of strings', z.array(z.string()), '1', ['1']],
    ['list of strings', z.array(z.string()), '', []],
    ['list of strings', z.array(z.string()), '["a,b"]', ['a,b']],
    ['list of numbers', z.array(z.number()), '1,2', [1, 2]],
    ['map', z.record(z.string(), z.number()), '{"a": 1}', { a: 1 }],
    ['union', z.union([z.boolean(), z.string()]), 'true', true],
    ['union', z.union([z.boolean(), z.string()]), 'auto', 'auto'],
    ['date', z.coerce.date(), '2026-01-02', new Date('2026-01-02')],
  ];
  for (const [label, schema, text, expected] of cases) {
    it(`${label} takes ${JSON.stringify(text)} as ${JSON.stringify(expected)}`, async () => {
      assert.deepEqual(await readings(schema, text), expected);
    });
  }

  it('does not take no for false: the message has the text', async () => {
    const { problems } = await fails({ schema: z.object({ v: z.boolean() }), env: { ORDERS_API_V: 'no' } });
    assert.match(problems[0]?.message ?? '', /expected boolean, received string \(got "no"\)/);
  });

  it('has the message for the likeliest reading when none is accepted', async () => {
    const { problems } = await fails({ schema: z.object({ v: z.number().max(9) }), set: ['v=10'] });
    assert.match(problems[0]?.message ?? '', /^Too big.*\(got 10\)$/);
  });

  it('finds the readings of several values of a union together', async () => {
    const union = z.union([
      z.object({ kind: z.literal(1), id: z.string() }),
      z.object({ kind: z.literal('2'), id: z.number() }),
    ]);
    const one = await loads({ schema: z.object({ v: union }), set: ['v.kind=1', 'v.id=5'] });
    const two = await loads({ schema: z.object({ v: union }), set: ['v.kind=2', 'v.id=5'] });
    assert.deepEqual(
      [one.value.v, two.value.v],
      [
        { kind: 1, id: '5' },
        { kind: '2', id: 5 },
      ],
    );
  });

  it('is not bent by a check across values', async () => {
    const schema = z
      .object({ min: z.number(), max: z.number() })
      .refine(({ min, max }) => min < max, { path: ['max'], error: 'Must be above min' });
    const { problems } = await fails({ schema, set: ['min=5', 'max=3'] });
    assert.deepEqual(
      problems.map(({ key, message }) => `${key}: ${message}`),
      ['max: Must be above min (got 3)'],
    );
  });

  it('has the text itself among the readings, always', () => {
    for (const text of ['', '1', 'x', '[1', '{"a":1}', 'a,b', ','])
      assert.ok(readingsOfText(text).includes(text));
  });
});

describe('typing within files', () => {
  it('plain scalars and whole placeholders are typed, quoted and embedded ones are strings', async (t) => {
    const cwd = tempDir(t, {
      'orders-api.yaml':
        'a: ${PORT:8080}\nb: "${PORT:8080}"\nc: ${PORT:80}80\nd: 1.10\ne: ${F:true}\nf: "5"\n',
    });
    const { value } = await loads({ schema: z.record(z.string(), z.unknown()), cwd });
    assert.deepEqual(value, { a: 8080, b: '8080', c: '8080', d: 1.1, e: true, f: '5' });
  });

  it('a plain scalar is what was written where the schema wants a string', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'a: 1.10\nb: 007\nc: true\nd: ${V:007}\n' });
    const { value } = await loads({ schema: z.record(z.string(), z.string()), cwd });
    assert.deepEqual(value, { a: '1.10', b: '007', c: 'true', d: '007' });
  });

  it('a quoted number is not a number, and null is not a string', async (t) => {
    const cwd = tempDir(t, { 'orders-api.yaml': 'n: "${PORT:80}"\ns: null\nt:\n' });
    const { problems } = await fails({
      schema: z.object({ n: z.number(), s: z.string(), t: z.string() }),
      cwd,
    });
    assert.deepEqual(
      problems.map(({ key }) => key),
      ['n', 's', 't'],
    );
  });

  it('JSON has no unquoted placeholders: a string that is one placeholder is typed', async (t) => {
    const cwd = tempDir(t, { 'orders-api.json': '{"a": "${PORT:8080}", "b": ":${PORT:8080}", "c": "8080"}' });
    const { value } = await loads({ schema: z.record(z.string(), z.unknown()), cwd });
    assert.deepEqual(value, { a: 8080, b: ':8080', c: '8080' });
  });
});
