import type { Logger } from '@mainstay/core';
import {
  defaultRestartRules,
  type EndedRunView,
  type InstancePhase,
  type SupervisorEvent,
} from '@mainstay/supervisor';

import type { Alert } from '../../src/alerts/alert.ts';
import type { AlertedService } from '../../src/alerts/settle-times.ts';

const nothing = () => undefined;

/** Keeps every line as JSON, so that a test can look for what must not be in it. */
export function memoryLogger(lines: string[] = []): Logger {
  const write = (...parts: unknown[]) => void lines.push(JSON.stringify(parts));
  const log: Logger = {
    trace: nothing,
    debug: nothing,
    info: write,
    warn: write,
    error: write,
    fatal: write,
    child: () => log,
  };
  return log;
}

/** Has to run for 20 s; its liveness probe is done every 30 s, for at most 5 s. */
export const orders: AlertedService = {
  name: 'orders',
  restart: { ...defaultRestartRules, stableMs: 20_000 },
  health: {
    startup: undefined,
    readiness: undefined,
    liveness: {
      target: { type: 'heartbeat' },
      intervalMs: 30_000,
      timeoutMs: 5000,
      failures: 3,
      successes: 1,
      delayMs: 0,
    },
  },
};

export const id = { service: 'orders', instance: 0, run: 1 };

export function phase(from: InstancePhase, to: InstancePhase, reason?: string): SupervisorEvent {
  return { at: 0, type: 'phase', id, from, to, reason };
}

export function ended(change: Partial<EndedRunView> = {}): SupervisorEvent {
  const end: EndedRunView = {
    run: 1,
    exitCode: 1,
    signal: undefined,
    outOfMemory: false,
    error: undefined,
    forced: false,
    endedFor: undefined,
    uptimeMs: 5,
    at: 0,
    lastLines: ['cannot open the database'],
    ...change,
  };
  return { at: 0, type: 'ended', id, end };
}

export const alert: Alert = {
  version: 1,
  status: 'firing',
  kind: 'state',
  key: 'orders/0/state',
  service: 'orders',
  instance: 0,
  title: 'orders/0 has failed',
  message: 'Exit code 1\ncannot open "the" database',
  since: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:01.000Z',
  host: 'box',
  count: 1,
};
