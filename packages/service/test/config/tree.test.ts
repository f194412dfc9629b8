import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { merge, nodeFromValue, type ConfigNode } from '../../src/config/tree.ts';
import { plainValue } from '../../src/config/text.ts';

function layer(value: unknown, name: string): ConfigNode {
  const node = nodeFromValue(value, { kind: 'remote', name });
  assert.ok(node);
  return node;
}

function leaves(node: ConfigNode, path = ''): Array<readonly [string, string | undefined]> {
  if (node.type === 'scalar') return [[path, node.origin.name]];
  const children =
    node.type === 'map' ? [...node.entries] : node.items.map((item, index) => [index, item] as const);
  return children.flatMap(([key, child]) => leaves(child, `${path}/${key}`));
}

const key = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString');
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ maxLength: 3 }));
/** Any shape at any key. */
const anyMap = fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(scalar, { maxLength: 2 }), tie('map')),
  map: fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
})).map;
/** The same shape in every layer, as layers of one schema have it: `m…` is a map, `v…` a value. */
const shapedMap = fc.letrec<{ map: Record<string, unknown> }>((tie) => ({
  map: fc
    .record({ va: scalar, vb: scalar, ma: tie('map'), mb: fc.constant({}) }, { requiredKeys: [] })
    .map((map): Record<string, unknown> => map),
})).map;

describe('merge', () => {
  it('goes into maps and replaces everything else, lists too', () => {
    const merged = merge(
      layer({ a: { x: 1, y: 2 }, list: [1, 2, 3], b: { c: 1 }, d: 1, n: { z: 1 } }, 'low'),
      layer({ a: { y: 3 }, list: [9], b: 5, d: { e: 1 }, n: null }, 'high'),
    );
    assert.deepEqual(plainValue(merged), { a: { x: 1, y: 3 }, list: [9], b: 5, d: { e: 1 }, n: null });
    assert.deepEqual(Object.fromEntries(leaves(merged)), {
      '/a/x': 'low',
      '/a/y': 'high',
      '/list/0': 'high',
      '/b': 'high',
      '/d/e': 'high',
      '/n': 'high',
    });
  });

  it('with nothing, on either side, changes nothing; with itself neither', () => {
    fc.assert(
      fc.property(anyMap, (value) => {
        const node = layer(value, 'x');
        const empty = layer({}, 'empty');
        for (const merged of [merge(node, empty), merge(empty, node), merge(node, node)]) {
          assert.deepEqual(plainValue(merged), plainValue(node));
          assert.deepEqual(leaves(merged), leaves(node));
        }
      }),
    );
  });

  it('is associative for layers of one shape', () => {
    fc.assert(
      fc.property(shapedMap, shapedMap, shapedMap, (a, b, c) => {
        const [low, middle, high] = [layer(a, 'a'), layer(b, 'b'), layer(c, 'c')];
        const left = merge(merge(low, middle), high);
        const right = merge(low, merge(middle, high));
        assert.deepEqual(plainValue(left), plainValue(right));
        assert.deepEqual(new Map(leaves(left)), new Map(leaves(right)));
      }),
    );
  });

  it('keeps every leaf of the higher layer, and gives each leaf one origin', () => {
    fc.assert(
      fc.property(anyMap, anyMap, (a, b) => {
        const high = layer(b, 'high');
        const merged = leaves(merge(layer(a, 'low'), high));
        const byPath = new Map(merged);
        assert.equal(byPath.size, merged.length);
        for (const [path] of leaves(high)) assert.equal(byPath.get(path), 'high', path);
        for (const [path, origin] of merged) assert.ok(origin === 'low' || origin === 'high', path);
      }),
    );
  });
});

describe('layers from values', () => {
  it('leaves out undefined, functions and __proto__; asks dates how they are written', () => {
    const value = { a: undefined, f: () => 1, d: new Date(0), ...JSON.parse('{"o":{"__proto__":{"x":1}}}') };
    assert.deepEqual(plainValue(layer(value, 'x')), { d: '1970-01-01T00:00:00.000Z', o: {} });
  });

  it('refuses a cycle', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    assert.throws(() => layer(loop, 'x'), /contains itself/);
  });
});
