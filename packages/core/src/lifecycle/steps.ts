import { ExitCode } from '../exit-codes.ts';
import type {
  AbortReason,
  Exit,
  LifecycleEffect,
  LifecycleModel,
  LifecycleStatus,
  Operation,
  Step,
  TimerName,
} from './types.ts';

/** The part of the model that hosts are told. */
export function statusOf(model: LifecycleModel): LifecycleStatus {
  const { state, accepts, checkpoint, waitHintMs, reloading, text, exit } = model;
  return { state, accepts, checkpoint, waitHintMs, reloading, text, ...(exit && { exit }) };
}

export function pending(
  model: LifecycleModel,
  state: LifecycleModel['state'],
  operation: Operation | undefined,
  waitHintMs: number,
): LifecycleModel {
  return { ...model, state, operation, checkpoint: model.checkpoint + 1, waitHintMs };
}

export function settled(model: LifecycleModel, state: LifecycleModel['state']): LifecycleModel {
  return { ...model, state, operation: undefined, checkpoint: 0, waitHintMs: 0 };
}

export function stoppedExit(model: LifecycleModel): Exit {
  return { code: ExitCode.ok, reason: 'stopped', message: `Stopped (${model.stopReason ?? 'stop'})` };
}

export function forcedExit(message: string): Exit {
  return { code: ExitCode.forced, reason: 'forced', message };
}

/** The first thing that went wrong is the one that is reported. */
export function endingWith(model: LifecycleModel, exit: Exit): LifecycleModel {
  return model.ending && model.ending.code !== ExitCode.ok ? model : { ...model, ending: exit };
}

export const abort = (reason: AbortReason): LifecycleEffect => ({ type: 'abort', reason });
export const timer = (ms: number): LifecycleEffect => ({ type: 'set-timer', timer: 'operation', ms });
export const sideTimer = (ms: number): LifecycleEffect => ({ type: 'set-timer', timer: 'side', ms });
export const clear = (name: TimerName): LifecycleEffect => ({ type: 'clear-timer', timer: name });

export function log(level: 'info' | 'warn' | 'error', message: string, error?: string): LifecycleEffect {
  return { type: 'log', level, message, ...(error !== undefined && { error }) };
}

/** A step that hosts are told of before anything is invoked. */
export function step(model: LifecycleModel, effects: readonly LifecycleEffect[]): Step {
  return { model, effects: [{ type: 'report', status: statusOf(model) }, ...effects] };
}

/** Hosts are told, timers are set, and only then is the handler called. */
export function invoke(
  model: LifecycleModel,
  handler: Operation | 'reload',
  first: readonly LifecycleEffect[],
): Step {
  const run = model.runs + 1;
  const next: LifecycleModel = { ...model, runs: run, inFlight: { handler, run } };
  return step(next, [...first, { type: 'invoke', handler, run }]);
}

export const report = (model: LifecycleModel): Step => step(model, []);
export const unchanged = (model: LifecycleModel): Step => ({ model, effects: [] });
