import type { AcceptedControls, Control, ControlAnswer, StopReason } from './controls.ts';
import type { ServiceState } from './states.ts';

/** Deadlines of the lifecycle, in milliseconds. A checkpoint extends the one that is running. */
export interface LifecycleLimits {
  /** @default 90_000, systemd's DefaultTimeoutStartSec (systemd-system.conf(5)) */
  readonly startTimeoutMs: number;
  /** @default 15_000 */
  readonly stopTimeoutMs: number;
  /** For a pause, and for a continue. @default 15_000 */
  readonly pauseTimeoutMs: number;
  /** For a reload, and for each custom, session or power control. @default 30_000 */
  readonly reloadTimeoutMs: number;
  /** For the disposer stack, after stop and after a crash. @default 5_000 */
  readonly disposeTimeoutMs: number;
}

export const defaultLifecycleLimits: LifecycleLimits = {
  startTimeoutMs: 90_000,
  stopTimeoutMs: 15_000,
  pauseTimeoutMs: 15_000,
  reloadTimeoutMs: 30_000,
  disposeTimeoutMs: 5_000,
};

/** A handler of the service that changes its state. */
export type Operation = 'start' | 'pause' | 'continue' | 'stop' | 'dispose';

/** A handler that leaves the state as it is: a reload, or a custom, session or power control. */
export type SideHandler = 'reload' | 'deliver';

/** A handler in flight. `run` tells its result from that of one that overran its deadline and ended later. */
export interface InFlight {
  readonly handler: Operation | SideHandler;
  readonly run: number;
}

/** How the service ended, and the code its process exits with. */
export interface Exit {
  readonly code: number;
  readonly reason: 'stopped' | 'start-failed' | 'stop-failed' | 'crashed' | 'forced';
  /** For people: what happened, in one line. */
  readonly message: string;
}

/** What hosts are told, after each change. */
export interface LifecycleStatus {
  readonly state: ServiceState;
  readonly accepts: AcceptedControls;
  /** Grows while a state is pending; 0 otherwise (MSDN: SERVICE_STATUS, dwCheckPoint). */
  readonly checkpoint: number;
  /** Time until the next checkpoint or change is due; 0 when not pending (dwWaitHint). */
  readonly waitHintMs: number;
  readonly reloading: boolean;
  /** Free text for people, as the service set it. */
  readonly text: string;
  /** Set with `stopped`. */
  readonly exit?: Exit;
}

/** The machine's whole memory. */
export interface LifecycleModel extends LifecycleStatus {
  readonly limits: LifecycleLimits;
  /** What the pending state is for; it waits while another handler is in flight. */
  readonly operation: Operation | undefined;
  readonly inFlight: InFlight | undefined;
  /** Handlers invoked so far. */
  readonly runs: number;
  readonly reloadQueued: boolean;
  /** Custom, session and power controls that were accepted and wait for their turn. */
  readonly deliveries: readonly Control[];
  readonly stopReason: StopReason | undefined;
  /** Decided when the end began, kept through the clean-up, reported with `stopped`. */
  readonly ending: Exit | undefined;
}

/** `operation` is set in every pending state; `side` while a side handler is in flight. */
export type TimerName = 'operation' | 'side';

export type LifecycleEvent =
  | { readonly type: 'start' }
  /** `id` is returned in the `answer` effect; a control without one wants no answer. */
  | { readonly type: 'control'; readonly control: Control; readonly id?: number }
  | { readonly type: 'started'; readonly run: number; readonly accepts: AcceptedControls }
  | { readonly type: 'succeeded'; readonly run: number }
  | {
      readonly type: 'failed';
      readonly run: number;
      readonly message: string;
      /** It failed because part of it did not end in time (a release of the disposer stack). */
      readonly overran?: boolean;
      /** Of a start: exit code that the error asks for. @default ExitCode.failed */
      readonly exitCode?: number;
    }
  | { readonly type: 'checkpoint'; readonly hintMs: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'timeout'; readonly timer: TimerName }
  | { readonly type: 'crashed'; readonly message: string };

export type AbortReason = StopReason | 'crash' | 'start-failed' | 'timeout';

export type LifecycleEffect =
  /** Call the service's handler; report back with `started`, `succeeded` or `failed`, and this `run`. */
  | { readonly type: 'invoke'; readonly handler: Operation | 'reload'; readonly run: number }
  /** Hand a custom, session or power control to the service; report back like for `invoke`. */
  | { readonly type: 'deliver'; readonly control: Control; readonly run: number }
  /** Abort the service's signal: it is being stopped. */
  | { readonly type: 'abort'; readonly reason: AbortReason }
  | { readonly type: 'report'; readonly status: LifecycleStatus }
  | { readonly type: 'answer'; readonly id: number; readonly answer: ControlAnswer }
  | { readonly type: 'set-timer'; readonly timer: TimerName; readonly ms: number }
  /** Make sure that the timer does not fire sooner than this. */
  | { readonly type: 'extend-timer'; readonly timer: TimerName; readonly ms: number }
  | { readonly type: 'clear-timer'; readonly timer: TimerName }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly error?: string;
    }
  /** The last effect there is: flush, and leave with this code. */
  | { readonly type: 'exit'; readonly exit: Exit };

export interface Step {
  readonly model: LifecycleModel;
  readonly effects: readonly LifecycleEffect[];
}
