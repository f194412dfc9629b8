import { noHistory, noteStart } from '../restart/decide.ts';
import type { StartCause } from '../supervisor/types.ts';
import { ended, faults } from './ending.ts';
import { ask, begin, failReload, isReady, promote, quiet, settle, type Context } from './moves.ts';
import type {
  InstanceEffect,
  InstanceEvent,
  InstanceModel,
  InstanceRules,
  InstanceStep,
  InstanceTimer,
  RunModel,
} from './types.ts';

/** An instance before anything has happened. `lastRun` and the counters go on from what an earlier agent left. */
export function initialInstance(
  before: Partial<Pick<InstanceModel, 'lastRun' | 'restarts' | 'restartsByCause'>> = {},
): InstanceModel {
  return {
    phase: 'stopped',
    lastRun: before.lastRun ?? 0,
    current: undefined,
    second: undefined,
    next: undefined,
    history: noHistory,
    restarts: before.restarts ?? 0,
    restartsByCause: before.restartsByCause ?? {},
    alarmed: false,
    reason: undefined,
  };
}

/** One step of an instance: what becomes of it, and what has to be done. Pure; the invariants are `InstanceModel`'s. */
export function stepInstance(model: InstanceModel, event: InstanceEvent, rules: InstanceRules): InstanceStep {
  const effects: InstanceEffect[] = [];
  return { model: react(model, event, { rules, effects }), effects };
}

function react(model: InstanceModel, event: InstanceEvent, context: Context): InstanceModel {
  switch (event.type) {
    case 'start':
      return start(model, event.cause, context);
    case 'stop':
      return stop(model, context);
    case 'kill':
      return kill(stop(model, context), context);
    case 'restart':
      return restart(model, event, context);
    case 'reload':
      return reload(model, event, context);
    case 'dependencies-met':
      return model.phase === 'blocked' ? spawn(model, event.at, context) : model;
    case 'adopted':
      return adopted(model, event, context);
    case 'up':
      return changeRun(model, event.run, context, (run) => up(run, context));
    case 'stop-hint':
      return hinted(model, event, context);
    case 'probe':
      return probed(model, event, context);
    case 'rules':
      return changeRun(model, event.run, context, (run) => newRules(run, context));
    case 'unaskable':
      return killRun(model, event.run, context);
    case 'ended':
      return ended(model, event, context);
    case 'timer':
      return fired(model, event.timer, event.at, context);
  }
}

function start(model: InstanceModel, cause: StartCause, context: Context): InstanceModel {
  switch (model.phase) {
    case 'stopping':
      return isFaulty(model.current) ? endedInstead(model, cause) : { ...model, next: cause };
    case 'waiting':
    case 'parked':
      context.effects.push({ type: 'clear-timer', timer: 'restart' });
      return begin({ ...model, history: noHistory }, cause, context);
    case 'stopped':
    case 'completed':
    case 'failed':
      return begin({ ...model, history: noHistory }, cause, context);
    default:
      return model;
  }
}

/** Causes that are no restart: it did not run before, and nobody thinks that it had. */
const firstStarts: ReadonlySet<StartCause> = new Set(['start', 'scale']);
/** Restarts that say nothing about how well it runs. */
const unjudged: ReadonlySet<StartCause> = new Set(['schedule', 'reload']);

function spawn(model: InstanceModel, at: number, context: Context): InstanceModel {
  const cause = model.next ?? 'start';
  const { rules, effects } = context;
  const current = newRun(model.lastRun + 1, at, rules);
  const history = unjudged.has(cause) ? model.history : noteStart(model.history, rules.restart, at);
  effects.push({ type: 'spawn', run: current.run, cause });
  if (model.alarmed) effects.push({ type: 'set-timer', timer: 'stable', ms: rules.restart.stableMs });
  beginProbes(current, context);
  const next = {
    ...counted(model, cause),
    lastRun: current.run,
    next: undefined,
    history,
    reason: undefined,
  };
  return settle({ ...next, current });
}

function counted(model: InstanceModel, cause: StartCause): InstanceModel {
  if (firstStarts.has(cause)) return model;
  const count = (model.restartsByCause[cause] ?? 0) + 1;
  return {
    ...model,
    restarts: model.restarts + 1,
    restartsByCause: { ...model.restartsByCause, [cause]: count },
  };
}

function newRun(run: number, at: number, rules: InstanceRules): RunModel {
  return {
    run,
    startedAt: at,
    isUp: !rules.reportsStatus,
    isStarted: !rules.hasStartupProbe,
    isReady: !rules.hasReadinessProbe,
    wasReady: false,
    endedFor: undefined,
    detail: undefined,
    forced: false,
  };
}

function beginProbes(run: RunModel, { effects }: Context): void {
  if (!run.isStarted) effects.push({ type: 'probe-startup', run: run.run });
  else if (run.isUp) effects.push({ type: 'probe-health', run: run.run });
}

function adopted(
  model: InstanceModel,
  event: InstanceEvent & { type: 'adopted' },
  context: Context,
): InstanceModel {
  if (model.current ?? model.second) return model;
  const current = newRun(event.run, event.at, context.rules);
  beginProbes(current, context);
  return settle({ ...model, current, lastRun: Math.max(model.lastRun, event.run), next: undefined });
}

/** It is being ended for a fault of its own: what becomes of it then would be judged. */
const isFaulty = (run: RunModel | undefined): boolean =>
  run?.endedFor !== undefined && faults.has(run.endedFor);

/** Who asks for a start gets one, whatever it was being ended for. */
const endedInstead = (model: InstanceModel, cause: StartCause): InstanceModel =>
  model.current ? { ...model, current: { ...model.current, endedFor: cause } } : model;

function stop(model: InstanceModel, context: Context): InstanceModel {
  const { effects } = context;
  if (model.phase === 'waiting' || model.phase === 'parked')
    effects.push({ type: 'clear-timer', timer: 'restart' });
  const calm = failReload(
    quiet({ ...model, next: undefined }, 'It was stopped', context),
    'It was stopped',
    context,
  );
  const { current } = calm;
  if (!current) return { ...calm, phase: calm.second ? 'stopping' : 'stopped', reason: undefined };
  if (current.endedFor !== undefined) return { ...calm, current: { ...current, endedFor: 'stop' } };
  return ask(calm, 'stop', undefined, context);
}

/** Does not wait for the grace to pass. */
function kill(model: InstanceModel, context: Context): InstanceModel {
  const next = model.current ? killRun(model, model.current.run, context) : model;
  return next.second ? killRun(next, next.second.run.run, context) : next;
}

function killRun(model: InstanceModel, run: number, { effects }: Context): InstanceModel {
  const { current, second } = model;
  if (current?.run === run && current.endedFor !== undefined && !current.forced) {
    effects.push({ type: 'kill', run });
    return { ...model, current: { ...current, forced: true } };
  }
  if (second?.run.run === run && second.role === 'leaving' && !second.run.forced) {
    effects.push({ type: 'kill', run });
    return { ...model, second: { ...second, run: { ...second.run, forced: true } } };
  }
  return model;
}

function restart(
  model: InstanceModel,
  { cause, detail }: InstanceEvent & { type: 'restart' },
  context: Context,
): InstanceModel {
  const { current } = model;
  if (!current || current.endedFor === 'stop') return start(model, cause, context);
  if (current.endedFor !== undefined) return isFaulty(current) ? endedInstead(model, cause) : model;
  return ask(failReload(model, 'It was restarted', context), cause, detail, context);
}

function reload(
  model: InstanceModel,
  { cause, at }: InstanceEvent & { type: 'reload' },
  context: Context,
): InstanceModel {
  const { rules, effects } = context;
  const failure = reloadHindrance(model);
  if (failure !== undefined) {
    effects.push({ type: 'reloaded', failure });
    return model;
  }
  const run = newRun(model.lastRun + 1, at, rules);
  effects.push({ type: 'spawn', run: run.run, cause });
  beginProbes(run, context);
  const ms = isReady(run) ? rules.settleMs : rules.reloadTimeoutMs;
  effects.push({ type: 'set-timer', timer: 'reload', ms });
  return { ...model, lastRun: run.run, second: { role: 'replacement', run, cause } };
}

function reloadHindrance(model: InstanceModel): string | undefined {
  if (model.second?.role === 'replacement') return 'A reload is under way';
  if (model.second) return 'The process of the last reload has not ended yet';
  if (!model.current || model.current.endedFor !== undefined) return `It is ${model.phase}`;
  return undefined;
}

function hinted(
  model: InstanceModel,
  event: InstanceEvent & { type: 'stop-hint' },
  { rules, effects }: Context,
): InstanceModel {
  const ms = event.ms + rules.graceMs;
  const { current, second } = model;
  if (current?.run === event.run && current.endedFor !== undefined && !current.forced)
    effects.push({ type: 'set-timer', timer: 'grace', ms });
  if (second?.run.run === event.run && second.role === 'leaving' && !second.run.forced)
    effects.push({ type: 'set-timer', timer: 'leave', ms });
  return model;
}

const up = (run: RunModel, context: Context): RunModel => {
  if (run.isUp) return run;
  const next = { ...run, isUp: true };
  if (run.isStarted) beginProbes(next, context);
  return next;
};

/** What its probes have said stays, until the new ones say something else. */
function newRules(run: RunModel, context: Context): RunModel {
  const { hasStartupProbe, hasReadinessProbe } = context.rules;
  const next: RunModel = {
    ...run,
    isStarted: run.isStarted || !hasStartupProbe,
    isReady: run.isReady || !hasReadinessProbe,
  };
  context.effects.push({ type: 'end-probes', run: run.run });
  beginProbes(next, context);
  return next;
}

function probed(
  model: InstanceModel,
  event: InstanceEvent & { type: 'probe' },
  context: Context,
): InstanceModel {
  const { kind, ok } = event;
  if (kind === 'readiness') return changeRun(model, event.run, context, (run) => ({ ...run, isReady: ok }));
  if (!ok) return faulty(model, event.run, event.detail, context);
  if (kind === 'liveness') return model;
  return changeRun(model, event.run, context, (run) => {
    const next = { ...run, isStarted: true };
    if (!run.isStarted && run.isUp) beginProbes(next, context);
    return next;
  });
}

/** A startup or liveness probe has failed for good. */
function faulty(model: InstanceModel, run: number, detail: string, context: Context): InstanceModel {
  if (model.second?.role === 'replacement' && model.second.run.run === run)
    return failReload(model, detail, context);
  if (model.current?.run !== run || model.current.endedFor !== undefined) return model;
  return ask(failReload(model, 'It was restarted for its probe', context), 'probe', detail, context);
}

/** Changes what is known of a process that was not asked to end, and sees what that makes of the instance. */
function changeRun(
  model: InstanceModel,
  run: number,
  context: Context,
  change: (run: RunModel) => RunModel,
): InstanceModel {
  const { current, second } = model;
  if (current?.run === run && current.endedFor === undefined)
    return settle({ ...model, current: change(current) });
  if (second?.role !== 'replacement' || second.run.run !== run) return model;
  const next = change(second.run);
  const changed: InstanceModel = { ...model, second: { ...second, run: next } };
  return isReady(next) && !isReady(second.run) ? counted(promote(changed, context), second.cause) : changed;
}

function fired(model: InstanceModel, timer: InstanceTimer, at: number, context: Context): InstanceModel {
  const { current, second } = model;
  switch (timer) {
    case 'restart':
      if (model.phase !== 'waiting' && model.phase !== 'parked') return model;
      return begin(model, model.next ?? 'crash', context);
    case 'grace':
      return current ? killRun(model, current.run, context) : model;
    case 'leave':
      return second ? killRun(model, second.run.run, context) : model;
    case 'reload':
      if (second?.role !== 'replacement') return model;
      return isReady(second.run)
        ? counted(promote(model, context), second.cause)
        : failReload(model, 'The new process was not ready in time', context);
    case 'stable':
      if (!current || !model.alarmed || at < current.startedAt) return model;
      return quiet({ ...model, history: { ...model.history, onProbation: false } }, 'It runs again', context);
  }
}
