import type { Control, ControlAnswer, LifecycleStatus, LogQuery, SupervisedHealth } from '@mainstay/core';

import type { ResourceLimits, RunnerKind, ServiceDeclaration } from '../manifest/types.ts';
import type { LogLine, OutputStream, RunOutput } from '../output/types.ts';

/** Which process of which service, and which of its runs. */
export interface RunId {
  readonly service: string;
  /** From 0. */
  readonly instance: number;
  /** Counts the runs of this instance, from 1, over the agent's restarts too. */
  readonly run: number;
}

/** One process to be, in terms of the manifest. */
export interface RunSpec {
  readonly id: RunId;
  readonly declaration: ServiceDeclaration;
  /** The most instances that there are, or were, of its service: they share its ports. @default the declaration's */
  readonly mostInstances?: number;
  /** The agent's environment and the declaration's, with MAINSTAY_INSTANCE and so on. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a run tells, as it happens; called in order, and never after `ended` has resolved. */
export interface RunEvents {
  /** From a Mainstay service; also its text. */
  onStatus(status: LifecycleStatus): void;
  /** The kernel's memory wall was hit: a process of the tree was killed for it. */
  onOutOfMemory(): void;
}

export interface RunEnd {
  /** Undefined when a signal ended it, or it never started, or it is not known (adopted, and gone meanwhile). */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it could not be started. */
  readonly error: Error | undefined;
  /** The kernel ended it for its memory. */
  readonly outOfMemory: boolean;
}

export interface HealthProbe {
  readonly report: SupervisedHealth;
  /** The runtime's own measurements, as the service sends them: RuntimeSnapshot with cpuMs and rssBytes. */
  readonly metrics: unknown;
}

/** What a whole tree of processes takes. */
export interface Usage {
  /** Processor time since its start, in milliseconds. */
  readonly cpuMs: number;
  /** What counts against the limit where the system counts (memory.current); else the sum of RSS. */
  readonly memoryBytes: number;
  readonly processes: number;
  /** Open descriptors of the main process, handles on Windows; undefined when it may not be read. */
  readonly openFiles: number | undefined;
}

/** One run of a program, from its start to its end. */
export interface Run {
  readonly id: RunId;
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Wall time of the start, in ms since the epoch; of an adopted run the time it really started. */
  readonly startedAt: number;
  /** It has its ports for itself; others of its service can share them only with its next run. @default false */
  readonly listensAlone?: boolean;
  /** Resolves when the process has ended, its tree is gone and its output has been taken; never rejects. */
  readonly ended: Promise<RunEnd>;
  /**
   * Asks it to end, as the declaration's stop rules say. Rejects when it cannot be asked: the supervisor then kills.
   * Its end is told by `ended`.
   */
  askToStop(): Promise<void>;
  /** Ends it and everything that it started, without asking. */
  kill(): void;
  /** Sends a signal to the main process (reload). */
  signal(name: string): void;
  /** Asks a Mainstay service; undefined when it cannot be asked. */
  control(control: Control): Promise<ControlAnswer | undefined>;
  /** The SDK's report; undefined when there was no answer in time, or nobody to ask. */
  probe(timeoutMs: number): Promise<HealthProbe | undefined>;
  /** Asks the SDK to give memory back; resolves when it says that it has, undefined when nobody can be asked. */
  reclaim(request: ReclaimRequest): Promise<boolean | undefined>;
  /** Undefined when it has ended. */
  usage(): Promise<Usage | undefined>;
  /** Holds it to new limits while it runs, as far as that can be; missing where it cannot. Never throws. */
  setLimits?(limits: ResourceLimits): void;
  /**
   * How to start a command where the run is: with its account and limits, and with its end. Undefined when there is no
   * such place.
   */
  inside?(command: string, args: readonly string[]): CommandInside | undefined;
}

export interface CommandInside {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ReclaimRequest {
  readonly reason: 'memory' | 'open-files';
  readonly used: number;
  readonly limit: number;
}

/** What a runner can do on this machine; `validate` refuses what it cannot hold. */
export interface RunnerCapabilities {
  /** For each limit: undefined when it is held, else why it is not, for people. */
  readonly unheldLimits: Readonly<Partial<Record<LimitName, string>>>;
  /** Ways to stop that are not to be had, each with the reason. */
  readonly unavailableStops: Readonly<Partial<Record<ServiceDeclaration['stop']['by']['type'], string>>>;
  readonly capturesOutput: boolean;
  readonly passesSockets: boolean;
  readonly changesUser: boolean;
  /** Its runs live on when the agent dies, and can be adopted. */
  readonly survivesAgent: boolean;
}

export type LimitName =
  | 'memory.soft'
  | 'memory.hard'
  | 'cpu'
  | 'processes'
  | 'openFiles'
  | 'priority'
  /** The value `high` of it, which takes more privilege than the others. */
  | 'priority.high';

/** How programs are run: as children of this process, or by the operating system's own manager. One contract suite. */
export interface Runner {
  readonly kind: RunnerKind;
  readonly capabilities: RunnerCapabilities;
  /**
   * Starts it; a failure to do so is a run that ends at once with an error. With the native runner, a process that the
   * manager has started by itself meanwhile is taken over in place of a second one.
   */
  start(spec: RunSpec, events: RunEvents, output: RunOutput): Run;
  /** Runs of an earlier agent that live on. Those that `isWanted` does not want are ended. */
  adopt(
    specOf: (id: Omit<RunId, 'run'>) => RunSpec | undefined,
    eventsOf: (spec: RunSpec) => RunEvents,
  ): Promise<readonly Run[]>;
  /** Output that a killed agent had not taken; to be appended to the logs, then removed by `discard`. */
  leftovers(): Promise<readonly LeftoverOutput[]>;
  /** Output that somebody else keeps (`capturesOutput` is false); missing where there is none. */
  readOutput?(ids: readonly Omit<RunId, 'run'>[], query: LogQuery): KeptOutput;
  /** Removes what the runner keeps for a service that is no longer declared: cgroups, units. */
  forget(service: string): Promise<void>;
  /** Everything must have ended before, except runs that survive the agent. */
  close(): Promise<void>;
}

/** Lines of services in the order of time; each stream to be read once, `live` after `past`. */
export interface KeptOutput {
  past(): AsyncIterable<KeptLine>;
  live(): AsyncIterable<KeptLine>;
}

/** Nobody has kept in which run, and to which of the two streams, it was written. */
export type KeptLine = Pick<LogLine, 'service' | 'instance' | 'time' | 'text'>;

export interface LeftoverOutput {
  readonly id: RunId;
  readonly stream: OutputStream;
  readonly path: string;
  discard(): Promise<void>;
}
