import type { HealthRules, ServiceDeclaration } from '../manifest/types.ts';
import type { RestartHistory } from '../restart/decide.ts';
import type { RestartRules } from '../restart/types.ts';
import type { ProbeKind } from '../health/types.ts';
import type { InstancePhase, StartCause } from '../supervisor/types.ts';

/** What the machine needs to know of the declaration. Times are in milliseconds. */
export interface InstanceRules {
  readonly restart: RestartRules;
  readonly graceMs: number;
  readonly hasStartupProbe: boolean;
  readonly hasReadinessProbe: boolean;
  /** A Mainstay service: it says itself when it is up. */
  readonly reportsStatus: boolean;
  /** How long a replacement may take to be ready. */
  readonly reloadTimeoutMs: number;
  /** How long a replacement that cannot tell that it is ready has to live before it counts as ready. */
  readonly settleMs: number;
}

/** systemd's DefaultTimeoutStartSec (systemd-system.conf(5)), which is also the SDK's bound for a start. */
export const startTimeoutMs = 90_000;
const settleMs = 1000;

export function rulesOf(declaration: ServiceDeclaration): InstanceRules {
  const { health, restart, stop, program } = declaration;
  return {
    restart,
    graceMs: stop.graceMs,
    hasStartupProbe: health.startup !== undefined,
    hasReadinessProbe: health.readiness !== undefined,
    // With the native runner the manager tells when the program runs: installing its unit takes a while.
    reportsStatus: program.type === 'service' || declaration.runner === 'native',
    reloadTimeoutMs: startTimeoutMs + budgetOf(health.startup) + budgetOf(health.readiness),
    settleMs,
  };
}

function budgetOf(probe: HealthRules[ProbeKind]): number {
  return probe ? probe.delayMs + probe.failures * (probe.intervalMs + probe.timeoutMs) : 0;
}

/** One process, from its start to its end. */
export interface RunModel {
  readonly run: number;
  /** Monotonic. */
  readonly startedAt: number;
  /** A Mainstay service has said that it is running; true for others. */
  readonly isUp: boolean;
  /** Its startup probe has succeeded; true without one. */
  readonly isStarted: boolean;
  /** Its readiness probe says so; true without one. */
  readonly isReady: boolean;
  /** It has been all of these once. */
  readonly wasReady: boolean;
  /** Why it was asked to end. */
  readonly endedFor: StartCause | 'stop' | undefined;
  /** For people, with `endedFor`: what the probe said. */
  readonly detail: string | undefined;
  readonly forced: boolean;
}

/** A process beside the current one. */
export interface SecondRun {
  readonly role: 'replacement' | 'leaving';
  readonly run: RunModel;
  /** Why there is to be a new process. */
  readonly cause: StartCause;
}

/**
 * The whole memory of one instance.
 *
 * INVARIANTS
 * - At most one process: `current`. A second one exists only while a reload is under way, as the replacement that is not
 *   ready yet, or as the old one that leaves.
 * - `spawn` is asked for only in `blocked`, after `dependencies-met`, or for a replacement.
 * - After `stop` nothing is spawned until the next `start`, `restart` or `reload`.
 * - The timer `restart` is set only in `waiting` and `parked`, `grace` only while `current` is asked to end, `leave` only
 *   while an old process leaves, `reload` only while there is a replacement. Nothing is set once it is at rest.
 */
export interface InstanceModel {
  readonly phase: InstancePhase;
  /** Number of the latest run. */
  readonly lastRun: number;
  readonly current: RunModel | undefined;
  readonly second: SecondRun | undefined;
  /** A start that is due: as soon as the dependencies are there, the process has ended, or the timer has fired. */
  readonly next: StartCause | undefined;
  readonly history: RestartHistory;
  readonly restarts: number;
  readonly restartsByCause: Readonly<Partial<Record<StartCause, number>>>;
  /** An alert about a crash loop stands. */
  readonly alarmed: boolean;
  /** Why it is in this phase, for people. */
  readonly reason: string | undefined;
}

export type InstanceTimer = 'restart' | 'grace' | 'leave' | 'reload' | 'stable';

export type InstanceEvent =
  /** By hand (`manual`), with the agent (`start`), by scaling. Does nothing when it runs. */
  | { readonly type: 'start'; readonly cause: StartCause }
  | { readonly type: 'stop' }
  /** Ends all its processes without asking; like `stop` otherwise. */
  | { readonly type: 'kill' }
  /** Ends it, and starts it again. */
  | { readonly type: 'restart'; readonly cause: StartCause; readonly detail?: string }
  /** Starts a replacement beside it. */
  | { readonly type: 'reload'; readonly cause: StartCause; readonly at: number }
  | { readonly type: 'dependencies-met'; readonly at: number }
  /** A process of an earlier agent that lives on. */
  | { readonly type: 'adopted'; readonly run: number; readonly at: number }
  | { readonly type: 'up'; readonly run: number; readonly at: number }
  /** The stop of a Mainstay service needs more time than was given, in ms from now. */
  | { readonly type: 'stop-hint'; readonly run: number; readonly ms: number }
  | {
      readonly type: 'probe';
      readonly run: number;
      readonly kind: ProbeKind;
      readonly ok: boolean;
      readonly detail: string;
      readonly at: number;
    }
  /** The declaration's probes have changed. */
  | { readonly type: 'rules'; readonly run: number; readonly at: number }
  /** It could not be asked to end. */
  | { readonly type: 'unaskable'; readonly run: number }
  | {
      readonly type: 'ended';
      readonly run: number;
      readonly at: number;
      readonly exitCode: number | undefined;
      readonly outOfMemory: boolean;
      /** For people: `exit code 1`, `signal SIGKILL`. */
      readonly description: string;
      readonly random: number;
    }
  | { readonly type: 'timer'; readonly timer: InstanceTimer; readonly at: number };

export type InstanceEffect =
  /** Say `dependencies-met` as soon as they are, perhaps at once. */
  | { readonly type: 'check-dependencies' }
  | { readonly type: 'spawn'; readonly run: number; readonly cause: StartCause }
  | { readonly type: 'ask'; readonly run: number }
  | { readonly type: 'kill'; readonly run: number }
  | { readonly type: 'probe-startup'; readonly run: number }
  | { readonly type: 'probe-health'; readonly run: number }
  | { readonly type: 'end-probes'; readonly run: number }
  | { readonly type: 'set-timer'; readonly timer: InstanceTimer; readonly ms: number }
  | { readonly type: 'clear-timer'; readonly timer: InstanceTimer }
  | { readonly type: 'crash-loop'; readonly parked: boolean; readonly reason: string }
  /** The reload is over; `failure` says why it was given up. */
  | { readonly type: 'reloaded'; readonly failure: string | undefined };

export interface InstanceStep {
  readonly model: InstanceModel;
  readonly effects: readonly InstanceEffect[];
}
