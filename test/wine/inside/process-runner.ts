// Runs under Wine, on Node for Windows; see `process-runner.test.ts`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContainment, systemClock } from '@mainstay/platform';
import { ProcessRunner } from '../../../packages/supervisor/src/process-runner/process-runner.ts';
import { runnerContract } from '../../../packages/supervisor/test/runner/runner-contract.ts';
import { silentLogger } from './silent-logger.ts';

const fixture = (name: string) => `C:\\suite\\fixtures\\${name}`;

runnerContract({
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
});
