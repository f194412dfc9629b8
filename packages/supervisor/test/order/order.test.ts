import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Dependency } from '../../src/index.ts';
import { isHopeless, isMet, unmetDependencies } from '../../src/order/conditions.ts';
import { dependentsOf, startOrder, withDependencies } from '../../src/order/graph.ts';

const on = (...services: string[]): readonly Dependency[] =>
  services.map((service) => ({ service, condition: 'started' }));

test('each condition holds for the phases that it names, and for all instances or none', () => {
  assert.equal(isMet('started', ['starting', 'running', 'unready', 'completed']), true);
  assert.equal(isMet('started', ['running', 'waiting']), false);
  assert.equal(isMet('healthy', ['running', 'running']), true);
  assert.equal(isMet('healthy', ['running', 'unready']), false);
  assert.equal(isMet('completed', ['completed']), true);
  assert.equal(isMet('completed', ['running']), false);
  for (const condition of ['started', 'healthy', 'completed'] as const)
    assert.equal(isMet(condition, []), false);
});

test('what is unmet comes with the phases of what is waited for', () => {
  const phases = new Map([['db', ['starting'] as const]]);
  const dependsOn: readonly Dependency[] = [
    { service: 'db', condition: 'healthy' },
    { service: 'db', condition: 'started' },
    { service: 'gone', condition: 'started' },
  ];
  assert.deepEqual(
    unmetDependencies(dependsOn, (service) => phases.get(service) ?? []),
    [
      { service: 'db', condition: 'healthy', phases: ['starting'] },
      { service: 'gone', condition: 'started', phases: [] },
    ],
  );
});

test('waiting is hopeless for what only a hand can bring', () => {
  assert.equal(isHopeless({ service: 'db', condition: 'healthy', phases: ['failed'] }), true);
  assert.equal(isHopeless({ service: 'db', condition: 'healthy', phases: ['completed'] }), true);
  assert.equal(
    isHopeless({ service: 'db', condition: 'completed', phases: ['completed', 'running'] }),
    false,
  );
  assert.equal(isHopeless({ service: 'db', condition: 'started', phases: ['waiting'] }), false);
});

test('dependencies come first, otherwise the order is as declared, and a cycle ends', () => {
  const order = (nodes: ReadonlyArray<readonly [string, ...string[]]>) =>
    startOrder(nodes.map(([name, ...others]) => ({ name, dependsOn: on(...others) }))).map(
      ({ name }) => name,
    );
  assert.deepEqual(order([['web', 'orders'], ['mail'], ['orders', 'db'], ['db']]), [
    'db',
    'orders',
    'web',
    'mail',
  ]);
  assert.deepEqual(
    order([
      ['a', 'b'],
      ['b', 'a'],
    ]),
    ['b', 'a'],
  );
  assert.deepEqual(order([['a', 'unknown']]), ['a']);
});

test('dependents, and everything that is needed', () => {
  const nodes = [
    { name: 'db', dependsOn: [] },
    { name: 'orders', dependsOn: on('db') },
    { name: 'web', dependsOn: on('orders', 'db') },
  ];
  assert.deepEqual([...(dependentsOf(nodes).get('db') ?? [])], ['orders', 'web']);
  const of = (name: string) => nodes.find((node) => node.name === name);
  assert.deepEqual([...withDependencies(['web'], of)].sort(), ['db', 'orders', 'web']);
  const ring = (name: string) => ({ name, dependsOn: on(name === 'a' ? 'b' : 'a') });
  assert.deepEqual([...withDependencies(['a'], ring)].sort(), ['a', 'b']);
});
