import type { ServiceHost } from '@mainstay/core';
import type { ServiceRunner } from '../lifecycle/runner.ts';
import type { Disposer, Health, RuntimeMetrics, ServiceContext, WorkerPool } from '../types.ts';
import type { Logger } from '@mainstay/core';

export interface ContextParts {
  readonly name: string;
  readonly version: string;
  readonly instance: number;
  readonly runId: string;
  readonly config: () => unknown;
  readonly log: Logger;
  readonly host: ServiceHost;
  readonly runner: ServiceRunner;
  readonly health: Health;
  readonly disposer: Disposer;
  readonly workers: WorkerPool;
  readonly metrics: RuntimeMetrics;
}

/** What a service is given, put together from the parts. */
export function createContext(parts: ContextParts): ServiceContext {
  const { runner, host } = parts;
  return {
    name: parts.name,
    version: parts.version,
    instance: parts.instance,
    runId: parts.runId,
    get config() {
      return parts.config();
    },
    log: parts.log,
    get signal() {
      return runner.signal;
    },
    sockets: host.sockets,
    startArguments: host.startArguments ?? [],
    health: parts.health,
    disposer: parts.disposer,
    workers: parts.workers,
    metrics: parts.metrics,
    status: (text) => runner.setText(text),
    checkpoint: (hintMs) => runner.checkpoint(hintMs),
    storeDescriptor: (name, fd) => host.storeDescriptor(name, fd),
    forgetDescriptor: (name) => host.forgetDescriptor?.(name) ?? false,
    requestStop: () => void runner.control({ type: 'stop', reason: 'stop' }),
  };
}
