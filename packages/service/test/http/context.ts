import { createHealth } from '../../src/health/index.ts';
import type { HttpContext } from '../../src/http/index.ts';

/** What the helper needs of a context, and what it did with it. */
export interface TestContext {
  readonly ctx: HttpContext;
  readonly logged: Array<{ readonly level: string; readonly fields: unknown; readonly message: unknown }>;
  readonly statuses: string[];
  paused: boolean;
  /** Runs what was deferred. */
  dispose(): Promise<void>;
}

export function testContext(sockets: HttpContext['sockets'] = []): TestContext {
  const deferred: Array<() => void | Promise<void>> = [];
  const logged: TestContext['logged'] = [];
  const statuses: string[] = [];
  const method =
    (level: string) =>
    (fields: unknown, message?: unknown): void =>
      void logged.push({ level, fields, message: message ?? fields });
  const log: HttpContext['log'] = {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: () => log,
  };
  const context: TestContext = {
    logged,
    statuses,
    paused: false,
    ctx: {
      log,
      sockets,
      status: (text) => void statuses.push(text),
      health: createHealth({
        lifecycle: () => ({ up: true, paused: context.paused, state: context.paused ? 'paused' : 'running' }),
      }),
      disposer: {
        defer: (_, release) => void deferred.unshift(release),
        use: (resource) => resource,
        temporaryDirectory: () => Promise.reject(new Error('not used here')),
        lockFile: () => Promise.reject(new Error('not used here')),
      },
    },
    async dispose() {
      for (const release of deferred.splice(0)) await release();
    },
  };
  return context;
}
