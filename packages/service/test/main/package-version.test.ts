import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadDefinition } from '../../src/main/load-definition.ts';

const definition = Object.freeze({ name: 'orders', start: () => ({ stop() {} }) });

suite('the version of a service', () => {
  test("is its package's, without a change to what the module exports", async () => {
    const loaded = await loadDefinition(() => Promise.resolve({ default: definition }), '1.2.3');
    assert.equal(loaded.version, '1.2.3');
    assert.equal(loaded.name, 'orders');
    assert.ok(!('version' in definition));
  });

  test('is the one in the definition if that has one', async () => {
    const own = { ...definition, version: '9.0.0' };
    assert.equal((await loadDefinition(() => Promise.resolve({ default: own }), '1.2.3')).version, '9.0.0');
    assert.equal((await loadDefinition(() => Promise.resolve({ default: definition }))).version, undefined);
  });
});
