import { VirtualClock } from '@mainstay/core';

import type { RunSpec } from '../../src/runner/types.ts';
import { runnerErrors } from '../../src/runner/errors.ts';
import { MemoryRunner, type Actor, type Play, type Stage } from './memory-runner.ts';
import { runnerContract } from './runner-contract.ts';

const repeat = (count: number, from: number, line: (number: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index + from)).join('');

/** fixtures/program.mjs, played. */
const programs: Readonly<Record<string, (stage: Stage, words: readonly string[]) => Actor | void>> = {
  exit: (stage, [code]) => stage.exit(Number(code)),
  signal: (stage, [name = '']) => stage.die(name),
  hang: (stage) => stage.print('stdout', 'ready\n'),
  graceful(stage) {
    stage.print('stdout', 'ready\n');
    return {
      onSignal: () => {
        stage.print('stdout', 'bye\n');
        stage.exit(0);
      },
    };
  },
  stubborn(stage) {
    stage.print('stdout', 'ready\n');
    return { onSignal: (name) => stage.print('stdout', `heard ${name}\n`) };
  },
  both(stage, [count]) {
    stage.print(
      'stdout',
      repeat(Number(count), 1, (line) => `out ${line}\n`),
    );
    stage.print(
      'stderr',
      repeat(Number(count), 1, (line) => `err ${line}\n`),
    );
    stage.exit(0);
  },
  lines(stage, [count, from]) {
    stage.print(
      'stdout',
      repeat(Number(count), Number(from), (line) => `line ${line}\n`),
    );
    stage.exit(0);
  },
  unfinished(stage) {
    stage.print('stdout', 'no line feed');
    stage.exit(0);
  },
  memory: (stage) => stage.outOfMemory(),
  service(stage, [mode]) {
    stage.status({ state: 'start-pending' });
    stage.status({ state: 'running', text: 'Serving' });
    if (mode === 'silent') return {};
    return {
      onStop() {
        stage.status({ state: 'stopped' });
        stage.exit(0);
        return true;
      },
      control: () => 'accepted',
      probe: () => ({ report: { state: 'ok', ready: true, checks: {} }, metrics: {} }),
      reclaim: () => true,
    };
  },
};

function play({ declaration }: RunSpec): Play | Error {
  const { command, args } = declaration.program;
  if (command !== 'played') return runnerErrors.error('RUN_NO_PROGRAM', `There is no program "${command}"`);
  return (stage) => programs[args[0] ?? '']?.(stage, args.slice(1)) ?? {};
}

runnerContract({
  title: 'runner in memory',
  async open() {
    const runner = new MemoryRunner({ clock: new VirtualClock(), play });
    return { runner, close: async () => await runner.close() };
  },
  program: (...words) => ({ type: 'exec', command: 'played', args: words }),
  service: (mode) => ({ type: 'service', command: 'played', args: ['service', mode], source: '' }),
  declaration: {},
  env: {},
  hasSignals: true,
  stops: [],
  holdsMemory: true,
});
