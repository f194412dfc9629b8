import assert from 'node:assert/strict';
import { it } from 'node:test';

import { serviceNameProblem } from '../src/index.ts';

it('names of services are those that every platform takes for a file', () => {
  for (const name of [
    'orders',
    'a',
    '0',
    'orders-api.v2',
    'a_b',
    'console',
    'com',
    'com10',
    'nul-1',
    'a'.repeat(80),
  ])
    assert.equal(serviceNameProblem(name), undefined, name);
  for (const name of ['', 'A', '.a', '-a', '_a', 'a b', 'a:b', 'a/b', 'a\\b', 'é', 'con$'])
    assert.match(serviceNameProblem(name) ?? '', /lower-case/, name);
  for (const name of ['con', 'prn', 'aux', 'nul', 'com1', 'lpt9', 'nul.txt', 'con.a.b'])
    assert.match(serviceNameProblem(name) ?? '', /device/, name);
  assert.match(serviceNameProblem('a.') ?? '', /dot at the end/);
  assert.match(serviceNameProblem('a'.repeat(81)) ?? '', /81 characters/);
});
