/** When a service that has ended is started again. Times are in milliseconds. */
export interface RestartLimits {
  /** @default 'always' */
  readonly policy: 'always' | 'on-failure' | 'never';
  /** Wait before the first restart; doubles with each failure in a row. @default 1_000 */
  readonly backoffMinMs: number;
  /** @default 60_000 */
  readonly backoffMaxMs: number;
  /** Starts within `crashLoopWindowMs` that make a crash loop. @default 5 */
  readonly crashLoopStarts: number;
  /** @default 60_000 */
  readonly crashLoopWindowMs: number;
  /** Exit codes that another start would not change: a wrong command line, a wrong configuration. @default [2, 6] */
  readonly permanentExitCodes: readonly number[];
}

export const defaultRestartLimits: RestartLimits = {
  policy: 'always',
  backoffMinMs: 1000,
  backoffMaxMs: 60_000,
  crashLoopStarts: 5,
  crashLoopWindowMs: 60_000,
  permanentExitCodes: [2, 6],
};

/**
 * - `idle`: not started yet. `active`: has a process. `stopping`: has one that was asked to end.
 * - `waiting`: a restart is due. `stopped`: ended on request. `completed`: ended by itself, well, and that is that.
 * - `failed`: will not be started again. `parked`: a crash loop; only a start by hand helps.
 */
export type RestartPhase =
  | 'idle'
  | 'active'
  | 'stopping'
  | 'waiting'
  | 'stopped'
  | 'completed'
  | 'failed'
  | 'parked';

/**
 * INVARIANTS: at most one process: `spawn` is only asked for in `idle`, `waiting` and the settled phases, and leads to
 * `active`. A timer is set exactly in `waiting`. After `stop` nothing is spawned until the next `start`.
 */
export interface RestartModel {
  readonly limits: RestartLimits;
  readonly phase: RestartPhase;
  /** Monotonic times of the starts within the window. */
  readonly starts: readonly number[];
  /** Ends in a row of runs shorter than the window. */
  readonly quickEnds: number;
  /** Restarts that were made since the last start by hand. */
  readonly restarts: number;
  /** Why it is `failed` or `parked`, for people. */
  readonly reason: string | undefined;
}

export type RestartEvent =
  | { readonly type: 'start'; readonly at: number }
  | {
      readonly type: 'ended';
      readonly at: number;
      /** Undefined when a signal ended it, or it could not be started. */
      readonly exitCode: number | undefined;
      /** For people: `exit code 1`, `signal SIGKILL`. */
      readonly description: string;
      /** From 0 up to 1, for the jitter. */
      readonly random: number;
    }
  | { readonly type: 'timer'; readonly at: number }
  | { readonly type: 'stop' };

export type RestartEffect =
  | { readonly type: 'spawn' }
  /** Ask the process to end. */
  | { readonly type: 'end' }
  | { readonly type: 'set-timer'; readonly ms: number }
  | { readonly type: 'clear-timer' };

export interface RestartStep {
  readonly model: RestartModel;
  readonly effects: readonly RestartEffect[];
}

export function initialRestart(limits: RestartLimits = defaultRestartLimits): RestartModel {
  return { limits, phase: 'idle', starts: [], quickEnds: 0, restarts: 0, reason: undefined };
}

/** True when there is no process and none will come by itself. */
export function isSettled(phase: RestartPhase): boolean {
  return phase === 'stopped' || phase === 'completed' || phase === 'failed' || phase === 'parked';
}

/** The whole policy: what to do about a start, an end, a timer, a stop. */
export function stepRestart(model: RestartModel, event: RestartEvent): RestartStep {
  switch (event.type) {
    case 'start':
      return started(model, event.at);
    case 'timer':
      if (model.phase !== 'waiting') return { model, effects: [] };
      return spawn({ ...model, restarts: model.restarts + 1 }, event.at);
    case 'stop':
      return stopped(model);
    case 'ended':
      return ended(model, event);
  }
}

function started(model: RestartModel, at: number): RestartStep {
  if (model.phase === 'active' || model.phase === 'stopping') return { model, effects: [] };
  const fresh = { ...initialRestart(model.limits) };
  const { model: next, effects } = spawn(fresh, at);
  return {
    model: next,
    effects: model.phase === 'waiting' ? [{ type: 'clear-timer' }, ...effects] : effects,
  };
}

function spawn(model: RestartModel, at: number): RestartStep {
  const recent = model.starts.filter((start) => at - start < model.limits.crashLoopWindowMs);
  return {
    model: { ...model, phase: 'active', starts: [...recent, at], reason: undefined },
    effects: [{ type: 'spawn' }],
  };
}

function stopped(model: RestartModel): RestartStep {
  if (model.phase === 'active') return { model: { ...model, phase: 'stopping' }, effects: [{ type: 'end' }] };
  if (model.phase === 'waiting')
    return { model: { ...model, phase: 'stopped' }, effects: [{ type: 'clear-timer' }] };
  return { model: model.phase === 'idle' ? { ...model, phase: 'stopped' } : model, effects: [] };
}

function ended(model: RestartModel, event: Extract<RestartEvent, { type: 'ended' }>): RestartStep {
  const { limits, starts } = model;
  if (model.phase === 'stopping') return { model: { ...model, phase: 'stopped' }, effects: [] };
  if (model.phase !== 'active') return { model, effects: [] };
  const settle = (phase: RestartPhase, reason?: string): RestartStep => ({
    model: { ...model, phase, reason },
    effects: [],
  });
  const failed = event.exitCode !== 0;
  if (event.exitCode !== undefined && limits.permanentExitCodes.includes(event.exitCode))
    return settle('failed', `Ended with ${event.description}, which another start would not change`);
  if (!failed && limits.policy !== 'always') return settle('completed');
  if (failed && limits.policy === 'never')
    return settle('failed', `Ended with ${event.description}, and its restart policy is never`);
  const recent = starts.filter((start) => event.at - start < limits.crashLoopWindowMs);
  if (recent.length >= limits.crashLoopStarts) {
    const seconds = Math.round((event.at - (recent[0] ?? event.at)) / 1000);
    return settle(
      'parked',
      `Crash loop: ${recent.length} starts within ${seconds} s, the last one ended with ${event.description}`,
    );
  }
  const ranFor = event.at - (starts.at(-1) ?? event.at);
  const quickEnds = ranFor >= limits.crashLoopWindowMs ? 1 : model.quickEnds + 1;
  return {
    model: { ...model, phase: 'waiting', quickEnds },
    effects: [{ type: 'set-timer', ms: backoff(limits, quickEnds, event.random) }],
  };
}

/** Doubles with each quick end, up to the most; between half and all of it, so that many do not come back at once. */
function backoff(limits: RestartLimits, quickEnds: number, random: number): number {
  const full = Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** Math.min(quickEnds - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
