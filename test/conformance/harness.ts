import type { Control, ControlAnswer, HostKind, ServiceState } from '@mainstay/core';
import type { JournalEntry, Plan } from './behaviour-plan.ts';

/**
 * What a host can do for the suite; a behaviour that needs more is skipped there, and listed as such.
 * - `states`: the host's own view shows every state, pending ones too
 * - `answers`: the sender of a control is told whether it was accepted
 * - `pause`, `reload`, `custom`, `force`: it can send these
 * - `exit-code`: it knows the exit code of the process
 * - `text`: it shows the status text
 * - `checkpoints`: it shows checkpoints, or reacts to them by waiting longer
 * - `output`: what the process writes to stdout and stderr can be read
 * - `kill`: the process can be killed without notice
 */
export type Capability =
  | 'states'
  | 'answers'
  | 'pause'
  | 'reload'
  | 'custom'
  | 'force'
  | 'exit-code'
  | 'text'
  | 'checkpoints'
  | 'output'
  | 'kill';

/** A plan without what the workspace fills in. */
export type PlanOptions = Omit<Plan, 'journal' | 'gates' | 'start' | 'stop'> &
  Partial<Pick<Plan, 'start' | 'stop'>>;

export interface ProcessExit {
  /** Exit code of the process, as the host tells it; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** What the host shows of the service at the moment. */
export interface Observation {
  readonly state: ServiceState;
  readonly text: string;
  readonly checkpoint: number;
}

/** One run of the fixture service under a host. */
export interface FixtureRun {
  /** Sends a control the way this host does; the answer where it has `answers`, otherwise undefined. */
  control(control: Control): Promise<ControlAnswer | undefined>;
  observe(): Promise<Observation>;
  /** Each different state that the host saw, in order; only with `states`. */
  readonly seen: readonly ServiceState[];
  /** Resolves when the process is gone, and rejects after a generous time-out. */
  exited(): Promise<ProcessExit>;
  /** SIGKILL, TerminateProcess. */
  kill(): Promise<void>;
  /** stdout and stderr so far. */
  output(): Promise<string>;
}

/** A host that the contract suite can drive; one instance for all behaviours. */
export interface HostHarness {
  readonly kind: HostKind;
  readonly can: ReadonlySet<Capability>;
  /**
   * Starts the fixture with `run --config workspace.planFile` under this host and returns at once, not when it is up.
   * The workspace's journal and gates are paths on this machine; a harness for Windows passes
   * `workspace.write(plan, toHostPath)`.
   */
  start(workspace: FixtureWorkspace): Promise<FixtureRun>;
  /** Ends what is left of a run, also after a failed test. */
  cleanUp(run: FixtureRun): Promise<void>;
  close(): Promise<void>;
}

/** The directory that a test and its fixture share: plan, journal and gates. */
export interface FixtureWorkspace {
  readonly directory: string;
  readonly planFile: string;
  readonly lockFile: string;
  readonly plan: PlanOptions;
  /** Writes the plan file; `toHostPath` turns a path of this machine into what the fixture sees. */
  write(toHostPath?: (path: string) => string): void;
  /** Opens a gate, so that the actions which wait for it go on. */
  open(gate: string): void;
  journal(): readonly JournalEntry[];
  /** Waits until the fixture has journaled this event. */
  journaled(event: string): Promise<JournalEntry>;
  remove(): void;
}
