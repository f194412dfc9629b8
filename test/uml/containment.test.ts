import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runInUml } from './uml.ts';

const tests = 'packages/platform/test/containment';

test('every limit is held by cgroup v2, where the agent is in the root cgroup', async () => {
  const { code, output } = await runInUml({ program: `${tests}/limits.test.ts`, place: 'root' });
  assert.equal(code, 0, output);
});

test('an agent with a delegated cgroup of its own makes way for its services', async () => {
  const { code, output } = await runInUml({ program: 'test/uml/inside/place.ts', place: 'delegated' });
  assert.equal(code, 0, output);
  assert.match(output, /kind: cgroup-v2/, output);
  assert.match(output, /unheld: \{\}/, output);
});

test('an agent among other programs says why it cannot hold limits', async () => {
  const { code, output } = await runInUml({ program: 'test/uml/inside/place.ts', place: 'shared' });
  assert.equal(code, 0, output);
  assert.match(output, /unheld: .*memory\.hard.*shares its control group/, output);
});

test('the guardian works with cgroup v2', async () => {
  const { code, output } = await runInUml({ program: `${tests}/guardian.test.ts`, place: 'root' });
  assert.equal(code, 0, output);
});
