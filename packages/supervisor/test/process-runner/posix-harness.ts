import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  createContainment,
  systemClock,
  type Containment,
  type ContainmentOptions,
} from '@mainstay/platform';

import { ProcessRunner } from '../../src/process-runner/process-runner.ts';
import type { RunnerHarness } from '../runner/runner-contract.ts';
import { silent } from '../native-runner/declarations.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface OpenedProcessRunner {
  readonly runner: ProcessRunner;
  readonly containment: Containment;
  readonly directory: string;
  close(): Promise<void>;
}

let opened = 0;

/** A process runner of its own, in a folder of its own. */
export async function openProcessRunner(
  cgroups?: ContainmentOptions['cgroups'],
  name?: string,
): Promise<OpenedProcessRunner> {
  opened += 1;
  const directory = await mkdtemp(join(tmpdir(), 'mainstay-runner-'));
  const containment = await createContainment({
    name: name ?? `test-${process.pid}-${opened}`,
    directory,
    log: silent,
    ...(cgroups && { cgroups }),
  });
  const runner = new ProcessRunner({
    containment,
    ports: { attach: () => undefined },
    sockets: { descriptorsFor: () => [] },
    clock: systemClock,
    log: silent,
  });
  return {
    runner,
    containment,
    directory,
    async close() {
      await runner.close();
      await containment.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One that has ended, and that nobody has waited for, is gone. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

export function posixHarness(title: string, cgroups?: ContainmentOptions['cgroups']): RunnerHarness {
  const folder = tmpdir();
  return {
    title,
    open: async () => await openProcessRunner(cgroups),
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
    declaration: { cwd: '/' },
    env: { PATH: process.env.PATH ?? '' },
    hasSignals: true,
    stops: ['stdin', 'command', 'http'],
    isAlive,
    scratch: (name) => join(folder, `mainstay-${process.pid}-${title.replaceAll(/\W/g, '-')}-${name}`),
    holdsMemory: false,
  };
}
