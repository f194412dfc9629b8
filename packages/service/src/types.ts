import type {
  LifecycleLimits,
  Logger,
  PassedDescriptor,
  PowerEvent,
  ReclaimRequest,
  SessionEvent,
} from '@mainstay/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Transferable } from 'node:worker_threads';

/** CPU-bound functions that run on worker threads. Arguments and results are structured clones. */
// oxlint-disable-next-line typescript/no-explicit-any -- the input type is each task's own
export type Tasks = Readonly<Record<string, (input: any) => unknown>>;

/** Config as the service sees it: what its schema makes of the input. */
export type ConfigOf<Schema extends StandardSchemaV1 | undefined> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : Readonly<Record<string, never>>;

/** What a service is: everything but its running. */
export interface ServiceDefinition<
  Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  TaskMap extends Tasks = Tasks,
> {
  /** Id on every platform: `[a-z0-9][a-z0-9._-]*`, at most 80 characters. */
  readonly name: string;
  /** @default name */
  readonly displayName?: string;
  /** @default '' */
  readonly description?: string;
  /** @default the version of the package that was built, or '0.0.0' */
  readonly version?: string;
  /** Any Standard Schema validator: zod, valibot, arktype. */
  readonly config?: Schema;
  /**
   * Config below every other source; strings may hold placeholders: `{ http: { port: '${PORT:8080}' } }`. What the
   * schema fills in by itself needs no entry here.
   */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Functions for `ctx.workers.run`; they run in worker threads that load this same program. */
  readonly tasks?: TaskMap;
  /**
   * Processes that run this service side by side and share its ports; a number, or read from the config.
   * @default 1
   */
  readonly instances?: number | ((config: ConfigOf<Schema>) => number);
  /** Deadlines in milliseconds; a checkpoint extends the one that is running. */
  readonly limits?: Partial<LifecycleLimits>;
  /** Defaults for `install`; the command line overrides them. */
  readonly install?: InstallDefaults;
  /** Commands of the program's own beside `install`, `status` and the others; loaded when it is not to run. */
  readonly commandLine?: () => Promise<CommandLine>;
  /** Resolves when the service is up; until then nobody is told that it is. */
  start(ctx: ServiceContext<ConfigOf<Schema>, TaskMap>): ServiceHandlers | Promise<ServiceHandlers>;
}

/**
 * Gets what the user typed, unless that is `run`. Resolves with the exit code, or with what the commands that every
 * service has are to be given: `argv` itself for what is none of its own.
 */
export type CommandLine = (argv: readonly string[]) => Promise<number | readonly string[]>;

export interface InstallDefaults {
  /** Services that have to be started first, by the name of each manager. */
  readonly dependsOn?: Partial<Readonly<Record<'scm' | 'systemd' | 'launchd', readonly string[]>>>;
  /** Milliseconds without a turn of the event loop after which systemd restarts the service; 0 for none. @default 30_000 */
  readonly watchdogMs?: number;
}

/** What a service does when it is told to; each may be missing but `stop`, and what is missing is not offered to hosts. */
export interface ServiceHandlers {
  /** Stop new work, finish what runs, release everything. */
  stop(): void | Promise<void>;
  /** Needs `resume`. */
  pause?(): void | Promise<void>;
  resume?(): void | Promise<void>;
  /** SIGHUP, PARAMCHANGE: the config has been read again and validated; keys are paths such as `http.port`. */
  reload?(change: { readonly changed: readonly string[] }): void | Promise<void>;
  /**
   * The agent saw more memory or open files in use than `limits` allows: drop caches, close what is idle. A service whose
   * memory stays above its soft bound is restarted. An error is logged, and counts as not done.
   */
  reclaim?(request: ReclaimRequest): void | Promise<void>;
  readonly control?: ControlHandlers;
}

export interface ControlHandlers {
  /** Custom control codes, 128–255. */
  readonly [code: number]: () => void | Promise<void>;
  sessionChange?(event: { readonly event: SessionEvent; readonly sessionId: number }): void | Promise<void>;
  powerEvent?(event: { readonly event: PowerEvent }): void | Promise<void>;
}

/** What a service is given to run with. */
export interface ServiceContext<Config = unknown, TaskMap extends Tasks = Tasks> {
  readonly name: string;
  readonly version: string;
  /** Which process of `instances`, from 0. */
  readonly instance: number;
  /** Identifies this run of this process in logs. */
  readonly runId: string;
  /** Validated. After a reload this is the new one. */
  readonly config: Config;
  readonly log: Logger;
  /** Aborted when a stop begins, also during start. */
  readonly signal: AbortSignal;
  /**
   * Sockets that the host passed on (systemd's socket activation), for `server.listen({ fd })`. With `instances`, all of
   * them listen on the same one; what else is in the fd store stays with the primary.
   */
  readonly sockets: readonly PassedDescriptor[];
  /** Arguments that came with this start (`sc start NAME ARG…`); none under other hosts than the SCM. */
  readonly startArguments: readonly string[];
  readonly health: Health;
  readonly disposer: Disposer;
  readonly workers: WorkerPool<TaskMap>;
  readonly metrics: RuntimeMetrics;
  /** One line for people: systemd's STATUS, the table of `mainstay up`. */
  status(text: string): void;
  /**
   * "Still at it": during a start, stop, pause or resume that takes long. `hintMs` is the time until the next
   * checkpoint or the end; it becomes EXTEND_TIMEOUT_USEC, and Windows' wait hint. @default 10_000
   */
  checkpoint(hintMs?: number): void;
  /** Keeps a descriptor for the next process (systemd's fd store). @returns false where the host has none */
  storeDescriptor(name: string, fd: number): boolean;
  /** Takes what was kept under this name back from the host; `fd` itself stays open. @returns false where the host has none */
  forgetDescriptor(name: string): boolean;
  /** Asks for a stop from inside, as if the host had. `process.exit` is a crash, also with 0. */
  requestStop(): void;
}

export type HealthState = 'ok' | 'degraded' | 'failed';

export interface HealthCheckResult {
  readonly state: HealthState;
  readonly detail?: string;
}

export interface HealthReport {
  /** The worst of all checks, and of the lifecycle: not `ok` before the start has ended and after a stop has begun. */
  readonly state: HealthState;
  /** True between the end of the start and the beginning of the stop, while no check has failed and it is not paused. */
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, HealthCheckResult>>;
}

export interface Health {
  /** Sets a named check by hand. */
  set(name: string, state: HealthState, detail?: string): void;
  /** Adds a check that is called for each report; one that hangs for `timeoutMs` has failed. @default timeoutMs 5_000 */
  check(
    name: string,
    probe: (
      signal: AbortSignal,
    ) => HealthCheckResult | HealthState | Promise<HealthCheckResult | HealthState>,
    options?: { readonly timeoutMs?: number },
  ): void;
  report(): Promise<HealthReport>;
}

/** Released last in, first out: after `stop`, after a failed start, and after a crash. */
export interface Disposer {
  defer(name: string, release: () => void | Promise<void>): void;
  use<Resource extends Disposable | AsyncDisposable>(resource: Resource): Resource;
  /** A new directory for temporary files, removed at the end; leftovers of runs that were killed go at the next start. */
  temporaryDirectory(): Promise<string>;
  /** Creates a lock file with this pid; SERVICE_LOCKED when a living process holds it. Removed at the end. */
  lockFile(path: string): Promise<void>;
}

export interface WorkerPool<TaskMap extends Tasks = Tasks> {
  /** Runs a task on a worker thread; rejects with the task's own error, or an AbortError. */
  run<Name extends keyof TaskMap & string>(
    name: Name,
    input: Parameters<TaskMap[Name]>[0],
    options?: {
      /** Takes the task out of the queue, or stops the thread that runs it. */
      readonly signal?: AbortSignal;
      /** From the call on, the wait for a thread included. */
      readonly timeoutMs?: number;
      /** Parts of the input to hand over in place of copying them. */
      readonly transfer?: readonly Transferable[];
    },
  ): Promise<Awaited<ReturnType<TaskMap[Name]>>>;
  readonly size: number;
  /** Tasks that wait for a thread. */
  readonly queued: number;
}

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface RuntimeSnapshot {
  /** Milliseconds by which timers came late, since the last snapshot. */
  readonly eventLoopDelayMs: Quantiles;
  /** Share of time that the event loop was busy, 0–1. */
  readonly eventLoopUtilization: number;
  /** Garbage-collector pauses in milliseconds, by kind. */
  readonly gcPauseMs: Readonly<Record<'minor' | 'major' | 'incremental' | 'weakcb', Quantiles>>;
  readonly heapUsedBytes: number;
  readonly rssBytes: number;
}

/** Event-loop delay and collector pauses, measured from the start. */
export interface RuntimeMetrics {
  /** Since the service's last call; what others read (`mainstay up`, a primary) has windows of its own. */
  snapshot(): RuntimeSnapshot;
  /**
   * False when the event loop has been blocked for more than 10 s, from then until it has turned in time for a second.
   * While it is blocked nobody can ask: the code that would runs on it.
   */
  isHealthy(): boolean;
}
