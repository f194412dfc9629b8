import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRunArguments, type RunArguments } from '../../src/main/run-arguments.ts';

describe('parseRunArguments', () => {
  const cases: ReadonlyArray<readonly [argv: readonly string[], run: RunArguments | undefined]> = [
    [[], { set: [] }],
    [['run'], { set: [] }],
    [['run', '--config', 'a.yaml'], { config: 'a.yaml', set: [] }],
    [['run', '--config=a.yaml', '--set', 'x=1', '--set=y=a=b'], { config: 'a.yaml', set: ['x=1', 'y=a=b'] }],
    [['run', '--config', 'a', '--config', 'b'], { config: 'b', set: [] }],
    [['run', '--set', '--config'], { set: ['--config'] }],
    [['run', '--name', 'orders-2', '--set=x=1'], { name: 'orders-2', set: ['x=1'] }],
    [['run', '--name=Orders 2'], undefined],
    [['run', '--config'], undefined],
    [['run', '--config='], undefined],
    [['run', '--help'], undefined],
    [['run', 'x'], undefined],
    [['--config', 'a'], undefined],
    [['status'], undefined],
    [['--help'], undefined],
  ];
  for (const [argv, run] of cases) {
    it(`${JSON.stringify(argv)} ${run ? 'runs' : 'is for the command line'}`, () =>
      assert.deepEqual(parseRunArguments(argv), run));
  }
});
