import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import type { LogFields, Logger } from '@mainstay/core';
import type { Manifest, ServiceDeclaration } from '@mainstay/supervisor';

/** A new directory that goes with the test. */
export function temporaryDirectory(t: Pick<TestContext, 'after'>): string {
  const path = mkdtempSync(join(tmpdir(), 'mainstay-agent-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface RecordedLog {
  readonly logger: Logger;
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

export function recordedLog(): RecordedLog {
  const lines: RecordedLog['lines'] = [];
  const method =
    (level: string) =>
    (...args: [string] | [LogFields, string]): void => {
      const [fields, message] = args.length === 1 ? [{}, args[0]] : args;
      lines.push({ level, message, fields });
    };
  const logger: Logger = {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: () => logger,
  };
  return { logger, lines };
}

/** A service that lives until it is told to end. */
export function declaration(name: string, changes: Partial<ServiceDeclaration> = {}): ServiceDeclaration {
  return {
    name,
    program: { type: 'exec', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] },
    cwd: tmpdir(),
    env: {},
    user: undefined,
    runner: 'process',
    instances: 1,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: {
      policy: 'always',
      backoffMinMs: 1000,
      backoffMaxMs: 60_000,
      stableMs: 10_000,
      crashLoopStarts: 5,
      crashLoopWindowMs: 60_000,
      parkedRetryMs: 300_000,
      neverOn: [],
      successOn: [],
      schedule: undefined,
    },
    stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 5_000, reloadSignal: undefined },
    limits: {
      memorySoftBytes: undefined,
      memoryHardBytes: undefined,
      reclaimMs: 60_000,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      openFilesAlertShare: 0.9,
      priority: undefined,
    },
    logs: { rotateBytes: 10 * 1024 * 1024, rotateAgeMs: undefined, keep: 8, compress: true },
    dependsOn: [],
    autoStart: true,
    ...changes,
  };
}

export function manifestOf(...services: readonly ServiceDeclaration[]): Manifest {
  return {
    services,
    alerts: {
      targets: [],
      on: ['state', 'crash-loop', 'limit', 'probe', 'agent'],
      repeatMs: 3_600_000,
      perMinute: 10,
    },
    metrics: { listen: undefined },
    logs: { directory: undefined, totalBytes: 1024 ** 3 },
  };
}

/** Polls until it is so. */
export async function until<Value>(
  read: () => Value | Promise<Value>,
  isSo: (value: Value) => boolean,
  { withinMs = 30_000, what = 'it' } = {},
): Promise<Value> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end)
      throw new Error(`${what} did not come true within ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
