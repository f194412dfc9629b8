import {
  acceptsNothing,
  answerControl,
  ExitCode,
  isPending,
  type AcceptedControls,
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  type ServiceState,
} from '@mainstay/core';

/*
 * What the thread that talks to the SCM knows of the service, so that it can answer while the service's own thread is
 * busy. Pure: (mirror, event) → mirror + effects.
 *
 * INVARIANTS
 * - A control is answered from the mirror alone, and one that was accepted is forwarded exactly once.
 * - A status that was reported before the last forwarded control was seen does not undo what that control began.
 * - `stopped` is final, and told to the SCM exactly once.
 * - A pending state has a deadline; past it the process is ended, as the service's own thread has missed it.
 */

/** Added to each deadline: the service's own thread is given the first chance to act on it. In milliseconds. */
const graceMs = 2_000;

export interface MirrorLimits {
  readonly stopTimeoutMs: number;
  readonly pauseTimeoutMs: number;
}

export interface Mirror {
  readonly limits: MirrorLimits;
  readonly state: ServiceState;
  readonly accepts: AcceptedControls;
  readonly checkpoint: number;
  /** Monotonic milliseconds; undefined while nothing is pending. */
  readonly deadline: number | undefined;
  /** Number of controls that were forwarded. */
  readonly forwarded: number;
}

export type MirrorEvent =
  /** The SCM's own; undefined is one that nobody knows. */
  | { readonly type: 'control'; readonly control: Control | undefined }
  /** From the service's thread; `seen` is how many forwarded controls it had handled by then. */
  | { readonly type: 'status'; readonly status: LifecycleStatus; readonly seen: number }
  | { readonly type: 'tick' };

export type MirrorEffect =
  | { readonly type: 'answer'; readonly answer: ControlAnswer }
  | { readonly type: 'forward'; readonly control: Control }
  | { readonly type: 'set-status'; readonly exitCode: number }
  /** End the process, as nothing else will. */
  | { readonly type: 'terminate'; readonly exitCode: number; readonly state: ServiceState };

export interface MirrorStep {
  readonly mirror: Mirror;
  readonly effects: readonly MirrorEffect[];
}

export function initialMirror(limits: MirrorLimits, now: number, startTimeoutMs: number): Mirror {
  return {
    limits,
    state: 'start-pending',
    accepts: acceptsNothing,
    checkpoint: 1,
    deadline: now + startTimeoutMs + graceMs,
    forwarded: 0,
  };
}

/** One step; `now` in monotonic milliseconds. */
export function stepMirror(mirror: Mirror, event: MirrorEvent, now: number): MirrorStep {
  switch (event.type) {
    case 'control':
      return control(mirror, event.control, now);
    case 'status':
      return status(mirror, event.status, event.seen, now);
    case 'tick':
      return tick(mirror, now);
  }
}

function control(mirror: Mirror, wanted: Control | undefined, now: number): MirrorStep {
  if (!wanted) return { mirror, effects: [{ type: 'answer', answer: 'unsupported' }] };
  const answer = answerControl(mirror.state, mirror.accepts, wanted);
  const answered: MirrorEffect = { type: 'answer', answer };
  if (answer !== 'accepted' || mirror.state === 'stopped') return { mirror, effects: [answered] };
  if (wanted.type === 'interrogate')
    return { mirror, effects: [{ type: 'set-status', exitCode: 0 }, answered] };
  const forwarded = { ...mirror, forwarded: mirror.forwarded + 1 };
  const effects: MirrorEffect[] = [{ type: 'forward', control: wanted }, answered];
  const begun = beginning(mirror, wanted);
  if (!begun) return { mirror: forwarded, effects };
  const next = { ...forwarded, state: begun.state, checkpoint: 1, deadline: now + begun.limitMs + graceMs };
  return { mirror: next, effects: [{ type: 'set-status', exitCode: 0 }, ...effects] };
}

/** The pending state that a control begins: the SCM wants to see it when the handler returns. */
function beginning(mirror: Mirror, wanted: Control): { state: ServiceState; limitMs: number } | undefined {
  const { stopTimeoutMs, pauseTimeoutMs } = mirror.limits;
  if (wanted.type === 'stop' && mirror.state !== 'stop-pending') {
    return { state: 'stop-pending', limitMs: stopTimeoutMs };
  }
  if (wanted.type === 'pause' && mirror.state === 'running') {
    return { state: 'pause-pending', limitMs: pauseTimeoutMs };
  }
  if (wanted.type === 'continue' && mirror.state === 'paused') {
    return { state: 'continue-pending', limitMs: pauseTimeoutMs };
  }
  return undefined;
}

function status(mirror: Mirror, reported: LifecycleStatus, seen: number, now: number): MirrorStep {
  if (mirror.state === 'stopped') return { mirror, effects: [] };
  const { state, accepts, waitHintMs, exit } = reported;
  if (state === 'stopped') {
    // Without an exit it is the status before the start.
    return exit ? end(mirror, exit.code) : { mirror, effects: [] };
  }
  if (seen < mirror.forwarded) return { mirror, effects: [] };
  const pending = isPending(state);
  const next: Mirror = {
    ...mirror,
    state,
    accepts,
    checkpoint: pending ? (state === mirror.state ? mirror.checkpoint + 1 : 1) : 0,
    deadline: pending ? now + waitHintMs + graceMs : undefined,
  };
  return { mirror: next, effects: [{ type: 'set-status', exitCode: 0 }] };
}

function tick(mirror: Mirror, now: number): MirrorStep {
  if (mirror.deadline === undefined) return { mirror, effects: [] };
  if (now < mirror.deadline) {
    const next = { ...mirror, checkpoint: mirror.checkpoint + 1 };
    return { mirror: next, effects: [{ type: 'set-status', exitCode: 0 }] };
  }
  const ended = end(mirror, ExitCode.forced);
  const terminate: MirrorEffect = { type: 'terminate', exitCode: ExitCode.forced, state: mirror.state };
  return { mirror: ended.mirror, effects: [...ended.effects, terminate] };
}

function end(mirror: Mirror, exitCode: number): MirrorStep {
  const next: Mirror = {
    ...mirror,
    state: 'stopped',
    accepts: acceptsNothing,
    checkpoint: 0,
    deadline: undefined,
  };
  return { mirror: next, effects: [{ type: 'set-status', exitCode }] };
}
