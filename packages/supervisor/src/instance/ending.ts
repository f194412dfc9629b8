import { isGoodEnd, judgeEnd, noHistory } from '../restart/decide.ts';
import type { StartCause } from '../supervisor/types.ts';
import { begin, quiet, settle, type Context } from './moves.ts';
import type { InstanceEvent, InstanceModel, RunModel } from './types.ts';

type Ended = InstanceEvent & { type: 'ended' };

/** Ends for a fault of its own, which are judged like a crash. */
export const faults: ReadonlySet<StartCause | 'stop'> = new Set(['probe', 'memory-limit', 'out-of-memory']);

/** A process has ended, and its tree is gone. */
export function ended(model: InstanceModel, event: Ended, context: Context): InstanceModel {
  const { current, second } = model;
  if (second?.run.run === event.run) return secondEnded(model, event, context);
  if (current?.run !== event.run) return model;
  const { effects } = context;
  if (current.endedFor === undefined) effects.push({ type: 'end-probes', run: event.run });
  else effects.push({ type: 'clear-timer', timer: 'grace' });
  if (model.alarmed) effects.push({ type: 'clear-timer', timer: 'stable' });
  const gone: InstanceModel = { ...model, current: undefined };
  if (second?.role === 'replacement') {
    // The old one did not wait to be replaced.
    effects.push({ type: 'clear-timer', timer: 'reload' }, { type: 'reloaded', failure: undefined });
    return settle({ ...gone, current: second.run, second: undefined });
  }
  if (current.endedFor === 'stop') return atRest(gone, context);
  if (current.endedFor === undefined || faults.has(current.endedFor))
    return judged(gone, current, event, context);
  return begin({ ...gone, history: noHistory }, current.endedFor, context);
}

function secondEnded(model: InstanceModel, event: Ended, context: Context): InstanceModel {
  const { effects } = context;
  const gone: InstanceModel = { ...model, second: undefined };
  if (model.second?.role === 'replacement') {
    effects.push(
      { type: 'clear-timer', timer: 'reload' },
      { type: 'end-probes', run: event.run },
      { type: 'reloaded', failure: `The new process ended with ${event.description}` },
    );
    return gone;
  }
  effects.push({ type: 'clear-timer', timer: 'leave' });
  return gone.phase === 'stopping' && !gone.current ? atRest(gone, context) : gone;
}

/** It was asked to stop, and has; or, when a start was asked for meanwhile, begins anew. */
function atRest(model: InstanceModel, context: Context): InstanceModel {
  // One that a reload left behind still runs.
  if (model.second) return { ...model, phase: 'stopping' };
  if (model.next !== undefined) return begin({ ...model, history: noHistory }, model.next, context);
  return { ...model, phase: 'stopped', reason: undefined };
}

function judged(model: InstanceModel, run: RunModel, event: Ended, context: Context): InstanceModel {
  const { restart } = context.rules;
  const isFault = run.endedFor !== undefined || event.outOfMemory;
  const { verdict, history } = judgeEnd(model.history, restart, {
    at: event.at,
    uptimeMs: event.at - run.startedAt,
    exitCode: event.exitCode,
    isFault,
    description: event.description,
    fault: isFault ? faultOf(run, event) : undefined,
    random: event.random,
  });
  const next: InstanceModel = { ...model, history };
  switch (verdict.type) {
    case 'complete':
      return { ...quiet(next, 'It has ended well', context), phase: 'completed', reason: undefined };
    case 'fail':
      return { ...quiet(next, 'It is not tried again', context), phase: 'failed', reason: verdict.reason };
    case 'park':
      return parked(next, verdict, context);
    case 'restart': {
      const isGood = isGoodEnd(restart, { exitCode: event.exitCode, isFault });
      const cause = event.outOfMemory
        ? 'out-of-memory'
        : ((run.endedFor ?? (isGood ? 'exit' : 'crash')) as StartCause);
      if (verdict.afterMs === 0) return begin(next, cause, context);
      context.effects.push({ type: 'set-timer', timer: 'restart', ms: verdict.afterMs });
      return { ...next, phase: 'waiting', next: cause, reason: undefined };
    }
  }
}

/** In words, to be put after "because". */
function faultOf(run: RunModel, { outOfMemory }: Ended): string {
  if (outOfMemory) return 'it was killed by the kernel for its memory';
  if (run.endedFor === 'memory-limit') return 'its memory stayed above its soft limit';
  return run.detail ?? 'its probe failed';
}

function parked(
  model: InstanceModel,
  { reason, retryMs }: { readonly reason: string; readonly retryMs: number },
  { effects }: Context,
): InstanceModel {
  if (retryMs > 0) effects.push({ type: 'set-timer', timer: 'restart', ms: retryMs });
  if (!model.alarmed) effects.push({ type: 'crash-loop', parked: true, reason });
  return { ...model, phase: 'parked', next: 'parked-retry', alarmed: true, reason };
}
