import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ManagerKind, ServiceSpec } from '@mainstay/core';

import { managerContract, type ManagerHarness } from './manager-contract.ts';
import { MemoryManager } from './memory-manager.ts';

async function harness(kind: ManagerKind): Promise<ManagerHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'mainstay-memory-manager-'));
  const manager = new MemoryManager({
    kind,
    directories: directory,
    purge: ({ state }) => rmSync(state, { recursive: true, force: true }),
  });
  const spec = (change: Partial<ServiceSpec> & { readonly name: string }): ServiceSpec => ({
    displayName: change.name,
    description: '',
    executable: '/opt/service',
    args: ['run'],
    scope: 'system',
    account: { type: 'virtual' },
    environment: {},
    dependencies: [],
    autoStart: true,
    delayedStart: true,
    recovery: { restart: 'on-failure', delayMs: 1000, maxRestarts: 5, windowMs: 60_000 },
    startTimeoutMs: 90_000,
    stopTimeoutMs: 15_000,
    preshutdownTimeoutMs: 15_000,
    watchdogMs: 30_000,
    directories: manager.directoriesFor(change.name),
    ...change,
  });
  return {
    manager,
    spec,
    failingSpec: (name) => spec({ name, args: ['run', '--fail'] }),
    drift: async (name) => manager.edit(name, (definition) => `${definition}\nedited=by hand`),
    logLine: 'started with pid',
    supports: {
      pause: kind === 'scm',
      reload: true,
      directories: true,
      ...(kind === 'scm' ? { customControl: 200 } : {}),
    },
    dispose: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

managerContract('in memory, as systemd', () => harness('systemd'));
managerContract('in memory, as the SCM', () => harness('scm'));
