// Runs under Wine, on Node for Windows; see `process-runner.test.ts`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContainment, systemClock } from '@mainstay/platform';
import { ProcessRunner } from '../../../packages/supervisor/src/process-runner/process-runner.ts';
import {
  runnerContract,
  type RunnerHarness,
} from '../../../packages/supervisor/test/runner/runner-contract.ts';
import { CollectedOutput } from '../../../packages/supervisor/test/runner/collected-output.ts';
import { declare } from '../../../packages/supervisor/test/runner/declaration.ts';
import { silentLogger } from './silent-logger.ts';

const fixture = (name: string) => `C:\\suite\\fixtures\\${name}`;

const harness: RunnerHarness = {
  title: 'process runner',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'mainstay-runner-'));
    const containment = await createContainment({ name: 'wine', directory, log: silentLogger });
    const runner = new ProcessRunner({
      containment,
      ports: { attach: () => undefined },
      sockets: { descriptorsFor: () => [] },
      clock: systemClock,
      log: silentLogger,
    });
    return {
      runner,
      async close() {
        await runner.close();
        await containment.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
  program: (...words) => ({
    type: 'exec',
    command: process.execPath,
    args: [fixture('program.mjs'), ...words],
  }),
  service: (mode) => ({
    type: 'service',
    command: process.execPath,
    args: [fixture('service.mjs'), mode],
    source: fixture('service.mjs'),
  }),
  declaration: { cwd: 'C:\\' },
  env: Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  hasSignals: false,
  stops: ['stdin', 'http', 'command'],
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
  scratch: (name) => `C:\\suite\\${name}`,
  holdsMemory: false,
};

runnerContract(harness);

test('a program hears the console event that stands for a signal, and answers it as it likes', async () => {
  const opened = await harness.open();
  try {
    const output = new CollectedOutput();
    const run = opened.runner.start(
      {
        id: { service: 'subject', instance: 0, run: 1 },
        declaration: declare({ ...harness.declaration, program: harness.program('stubborn') }),
        env: harness.env,
      },
      { onStatus: () => undefined, onOutOfMemory: () => undefined },
      output,
    );
    await output.printed(/ready/);
    await run.askToStop();
    await output.printed(/heard SIGINT/);
    run.kill();
    await run.ended;
  } finally {
    await opened.close();
  }
});
