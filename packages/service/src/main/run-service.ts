import { hostname } from 'node:os';
import type { Logger } from '@mainstay/core';
import { createHost, createSelfWorker, systemClock } from '@mainstay/platform';
import type { BuildInfo } from '../commands/context.ts';
import { DisposerStack } from '../context/disposer.ts';
import { createContext } from '../context/service-context.ts';
import { createHealth } from '../health/index.ts';
import { ServiceRunner } from '../lifecycle/runner.ts';
import { createServiceLog } from '../log/index.ts';
import type { RunningMetrics } from '../metrics/index.ts';
import type { RuntimeMetrics, ServiceDefinition, WorkerPool } from '../types.ts';
import { ServiceConfig } from './config.ts';
import { roleOf, takeInstance } from './role.ts';
import type { CrashGuard } from './crash-guard.ts';
import type { EarlyStop } from './early-stop.ts';
import type { RunArguments } from './run-arguments.ts';

export interface RunServiceOptions {
  readonly definition: ServiceDefinition;
  readonly args: RunArguments;
  readonly build: BuildInfo | undefined;
  /** File URL of the program's entry. */
  readonly entry: string;
  readonly guard: CrashGuard;
  readonly earlyStop: EarlyStop;
  readonly metrics: RunningMetrics;
}

/** Share of the clean-up's time that running tasks may take. */
const workersCloseMs = 2_000;

/** Runs the service in this process until it has ended. @returns the exit code to leave with */
export async function runService(options: RunServiceOptions): Promise<number> {
  const { definition, metrics } = options;
  const instance = takeInstance();
  const identity = identityOf(options, instance);
  let config: ServiceConfig | undefined;
  const mask = (text: string): string => config?.mask(text) ?? text;
  const serviceLog = createServiceLog({
    base: { ...identity, service: definition.name, host: hostname(), pid: process.pid },
    secrets: { mask },
  });
  const log = serviceLog.logger;
  const loaded = (config = new ServiceConfig(definition, options.args, log));
  const role = await roleOf(definition, loaded, instance, log);
  const { limits } = role.definition;
  const host = await createHost({ serviceName: definition.name, log, entry: options.entry, limits });
  if (host.logDescriptor !== undefined) serviceLog.writeTo(host.logDescriptor);
  const disposer = new DisposerStack({
    log,
    clock: systemClock,
    files: async () => (await import('../context/files.ts')).disposableFiles(definition.name, log),
  });
  const health = createHealth({
    mask,
    lifecycle: () => {
      const { state } = runner.status;
      return { up: isUp.has(state), paused: state !== 'running', state };
    },
  });
  let probed: RuntimeMetrics | undefined;
  const runner = new ServiceRunner({
    host,
    log,
    clock: systemClock,
    liveness: metrics,
    releases: disposer,
    mask,
    probe: async () => ({
      report: await health.report(),
      metrics: {
        ...(probed ??= metrics.reader()).snapshot(),
        cpuMs: cpuMs(),
        ...(role.probe && { instances: await role.probe() }),
      },
    }),
    ...(role.reclaim && { reclaim: role.reclaim }),
    ...(limits && { limits }),
  });
  log.info({ hostKind: host.kind }, 'Service is starting');
  options.guard.handOver((error) => runner.crash(error));
  // Before the log's own listener, which writes what this one still says.
  process.prependListener('exit', (code) => {
    disposer.releaseSync();
    process.exitCode = runner.reportSuddenExit(code);
  });
  // A service is up until it is stopped, also when it has nothing in the event loop.
  const alive = setInterval(() => {}, 2 ** 30);
  const ended = runner.run({
    async start() {
      await loaded.load();
      const workers = await createWorkers(role.definition, options.entry, disposer);
      const parts = { name: definition.name, ...identity, config: () => loaded.value };
      const ctx = createContext({ ...parts, log, host, runner, health, disposer, workers, metrics });
      const handlers = await role.definition.start(ctx);
      setImmediate(() => void usePino(serviceLog, log));
      return handlers;
    },
    readConfig: () => loaded.reload(),
  });
  // Hosts listen in the first, synchronous part of `attach`.
  options.earlyStop.release();
  const exit = await ended;
  clearInterval(alive);
  metrics.close();
  serviceLog.flushSync();
  return exit.code;
}

/** Processor time of this process since its start, of all its threads, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const isUp: ReadonlySet<string> = new Set(['running', 'pause-pending', 'paused', 'continue-pending']);

interface Identity {
  readonly version: string;
  readonly instance: number;
  readonly runId: string;
}

function identityOf({ definition, build }: RunServiceOptions, instance = 0): Identity {
  return {
    version: definition.version ?? build?.version ?? '0.0.0',
    instance,
    // Unique enough to tell runs apart in a log; node:crypto would take 10 ms of every start.
    runId: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
  };
}

async function createWorkers(
  { tasks = {} }: ServiceDefinition,
  entry: string,
  disposer: DisposerStack,
): Promise<WorkerPool> {
  if (Object.keys(tasks).length === 0) return noWorkers;
  const { createWorkerPool } = await import('../workers/index.ts');
  const pool = createWorkerPool({ tasks, spawn: () => createSelfWorker({ role: 'task', entry }) });
  disposer.defer('worker pool', () => pool.close({ deadlineMs: workersCloseMs }));
  return pool;
}

/** Of a service without tasks, which has nothing to run. */
const noWorkers: WorkerPool = {
  size: 0,
  queued: 0,
  async run(name) {
    const { workerErrors } = await import('../workers/index.ts');
    throw workerErrors.error('WORKER_UNKNOWN_TASK', `No task "${name}": this service defines no tasks`);
  },
};

/** Its import must not turn into a crash of the service: the lines can be made without it. */
async function usePino(serviceLog: { usePino(): Promise<void> }, log: Logger): Promise<void> {
  try {
    await serviceLog.usePino();
  } catch (error) {
    log.warn({ error }, 'The log goes on without pino');
  }
}
