import type { ServiceState } from '@mainstay/core';

import type { ProbeKind, ProbeResult } from '../health/types.ts';
import type { Manifest, RunnerKind } from '../manifest/types.ts';
import type { RunId } from '../runner/types.ts';

/**
 * What one instance is at.
 * - `blocked`: waits for its dependencies. `starting`: has a process, not ready yet. `running`: has one, and is ready.
 * - `unready`: ran well, and its readiness probe fails. `stopping`: was asked to end. `waiting`: a restart is due.
 * - `stopped`: ended on request, or not started yet. `completed`: ended well by itself. `failed`: will not be started
 *   again by itself. `parked`: a crash loop; tried again slowly.
 */
export type InstancePhase =
  | 'blocked'
  | 'starting'
  | 'running'
  | 'unready'
  | 'stopping'
  | 'waiting'
  | 'stopped'
  | 'completed'
  | 'failed'
  | 'parked';

/** Why there was a start or a restart; also the label of the restart counter. */
export type StartCause =
  | 'start'
  | 'crash'
  | 'exit'
  | 'probe'
  | 'out-of-memory'
  | 'memory-limit'
  | 'schedule'
  | 'manual'
  | 'reload'
  | 'config'
  | 'scale'
  | 'parked-retry'
  | 'dependency';

export interface EndedRunView {
  readonly run: number;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly outOfMemory: boolean;
  /** Why it could not be started. */
  readonly error: string | undefined;
  /** It had to be killed after its grace. */
  readonly forced: boolean;
  /** Why we ended it; undefined when it ended by itself. */
  readonly endedFor: StartCause | 'stop' | undefined;
  readonly uptimeMs: number;
  /** Wall time, ms since the epoch. */
  readonly at: number;
  readonly lastLines: readonly string[];
}

export interface InstanceView {
  readonly instance: number;
  readonly phase: InstancePhase;
  readonly run: number;
  readonly pid: number | undefined;
  /** Wall time, ms since the epoch. */
  readonly startedAt: number | undefined;
  readonly uptimeMs: number | undefined;
  readonly restarts: number;
  readonly restartsByCause: Readonly<Partial<Record<StartCause, number>>>;
  /** Why it is in this phase, for people, when that needs saying. */
  readonly reason: string | undefined;
  /** When a waiting or parked instance is started again, ms since the epoch. */
  readonly nextStartAt: number | undefined;
  /** Status text of a Mainstay service. */
  readonly text: string;
  readonly state: ServiceState | undefined;
  readonly health: 'ok' | 'degraded' | 'failed' | undefined;
  readonly probes: Readonly<
    Partial<Record<ProbeKind, ProbeResult & { readonly at: number; readonly failuresInRow: number }>>
  >;
  /** Per cent of one core. */
  readonly cpuPercent: number | undefined;
  /** Processor time of the run's process tree so far, in ms. */
  readonly cpuMs?: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly processes: number | undefined;
  readonly openFiles: number | undefined;
  /** The SDK's RuntimeSnapshot, when the service is one. */
  readonly runtime: unknown;
  readonly lastEnd: EndedRunView | undefined;
}

/** Everything that is shown of one service. */
export interface ServiceView {
  readonly name: string;
  readonly runner: RunnerKind;
  /** The worst of the instances, in one word for people. */
  readonly state: InstancePhase;
  readonly instances: readonly InstanceView[];
  /** How many there should be. */
  readonly wanted: number;
  /** Dependencies that are still waited for. */
  readonly waitsFor: readonly string[];
}

/** What happened; alerts, log, metrics and presenters live on these. */
export type SupervisorEvent = { readonly at: number } & (
  | { readonly type: 'changed'; readonly service: string; readonly instance: number }
  | {
      readonly type: 'phase';
      readonly id: RunId;
      readonly from: InstancePhase;
      readonly to: InstancePhase;
      readonly reason: string | undefined;
    }
  | {
      readonly type: 'started';
      readonly id: RunId;
      readonly cause: StartCause;
      readonly pid: number | undefined;
    }
  | { readonly type: 'ended'; readonly id: RunId; readonly end: EndedRunView }
  | {
      readonly type: 'probe';
      readonly id: RunId;
      readonly kind: ProbeKind;
      readonly result: ProbeResult;
      readonly failuresInRow: number;
    }
  /** The probe failed as often as its rules say, or is well again. */
  | {
      readonly type: 'probe-state';
      readonly id: RunId;
      readonly kind: ProbeKind;
      readonly ok: boolean;
      readonly detail: string;
    }
  | {
      readonly type: 'limit';
      readonly id: RunId;
      readonly limit: 'memory.soft' | 'memory.hard' | 'openFiles';
      readonly exceeded: boolean;
      readonly used: number;
      readonly bound: number;
      readonly action: 'alert' | 'reclaim' | 'restart' | 'kill';
    }
  | { readonly type: 'crash-loop'; readonly id: RunId; readonly parked: boolean; readonly reason: string }
);

/** What is at issue when somebody asks why; `sentence` says it, the rest is its evidence. */
export interface Explanation {
  readonly service: string;
  readonly instance: number;
  readonly sentence: string;
  readonly evidence: readonly { readonly label: string; readonly text: string }[];
}

/** One key that differs, with its values as people write them. Values whose names say secret are masked. */
export interface PlannedDifference {
  /** As in the file, below the service or the root: `limits.memory.hard`. */
  readonly path: string;
  /** Undefined: not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** What people should know of it, such as when it takes effect. */
  readonly note?: string;
}

/** What `apply` would do, and why. */
export interface PlannedChange {
  readonly service: string;
  /** `update`: takes effect without a restart. */
  readonly action: 'add' | 'remove' | 'restart' | 'scale' | 'update';
  readonly differences: readonly PlannedDifference[];
}

export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** What differs in `alerts`, `metrics` and `logs` of the file, which no service is restarted for. */
  readonly settings?: readonly PlannedDifference[];
}

/** Thrown errors are `supervisorErrors`: SUPERVISOR_UNKNOWN_SERVICE, SUPERVISOR_START_FAILED, … */
export interface SupervisorControl {
  /** Makes it so; resolves when every change has been carried out or begun to wait for a dependency. */
  apply(manifest: Manifest): Promise<Plan>;
  manifest(): Manifest;
  /** Empty names: all. Each resolves when the services are there, or have failed to be. */
  start(names: readonly string[]): Promise<void>;
  stop(names: readonly string[]): Promise<void>;
  restart(names: readonly string[]): Promise<void>;
  /** One instance after the other has a new process, in the service's own order; or the service's own reload. */
  reload(names: readonly string[]): Promise<void>;
  scale(name: string, instances: number): Promise<void>;
  views(): readonly ServiceView[];
  why(name: string): readonly Explanation[];
  /** Resolves when there is no process and none will come by itself. */
  settled(): Promise<void>;
  /** Stops everything, dependents first. A second call, or `force`, kills. */
  shutdown(options: {
    readonly force: boolean;
    /** What outlives the agent (the native runner) is left running, for the next agent to adopt. @default false */
    readonly leaveSurvivors?: boolean;
  }): Promise<void>;
}
