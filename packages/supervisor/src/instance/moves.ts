import type { StartCause } from '../supervisor/types.ts';
import type { InstanceEffect, InstanceModel, InstanceRules, RunModel } from './types.ts';

/** What every move needs: the rules to go by, and where its effects are put. */
export interface Context {
  readonly rules: InstanceRules;
  readonly effects: InstanceEffect[];
}

export function isReady(run: RunModel): boolean {
  return run.isUp && run.isStarted && run.isReady;
}

/** The phase that follows from what is known of the process. */
export function settle(model: InstanceModel): InstanceModel {
  const { current } = model;
  if (!current) return model;
  const wasReady = current.wasReady || isReady(current);
  const phase =
    current.endedFor !== undefined
      ? 'stopping'
      : isReady(current)
        ? 'running'
        : wasReady
          ? 'unready'
          : 'starting';
  return { ...model, phase, current: wasReady === current.wasReady ? current : { ...current, wasReady } };
}

/** Every start passes here, so that none goes by its dependencies. */
export function begin(model: InstanceModel, cause: StartCause, { effects }: Context): InstanceModel {
  effects.push({ type: 'check-dependencies' });
  return { ...model, phase: 'blocked', next: cause, reason: undefined };
}

/** Asks the process to end; its grace begins. */
export function ask(
  model: InstanceModel,
  endedFor: StartCause | 'stop',
  detail: string | undefined,
  { rules, effects }: Context,
): InstanceModel {
  const { current } = model;
  if (!current) return model;
  const { run } = current;
  effects.push({ type: 'end-probes', run });
  if (model.alarmed) effects.push({ type: 'clear-timer', timer: 'stable' });
  effects.push({ type: 'set-timer', timer: 'grace', ms: rules.graceMs }, { type: 'ask', run });
  return { ...model, phase: 'stopping', reason: detail, current: { ...current, endedFor, detail } };
}

/** The replacement is given up, and killed; nothing without one. */
export function failReload(model: InstanceModel, failure: string, { effects }: Context): InstanceModel {
  const { second } = model;
  if (second?.role !== 'replacement') return model;
  const run: RunModel = { ...second.run, endedFor: second.cause, detail: failure, forced: true };
  effects.push(
    { type: 'clear-timer', timer: 'reload' },
    { type: 'end-probes', run: run.run },
    { type: 'kill', run: run.run },
    { type: 'reloaded', failure },
  );
  return { ...model, second: { ...second, role: 'leaving', run } };
}

/** The replacement is the process from now on, and the old one leaves. */
export function promote(model: InstanceModel, { rules, effects }: Context): InstanceModel {
  const { current, second } = model;
  if (second?.role !== 'replacement' || !current) return model;
  const { run } = current;
  effects.push(
    { type: 'clear-timer', timer: 'reload' },
    { type: 'end-probes', run },
    { type: 'set-timer', timer: 'leave', ms: rules.graceMs },
    { type: 'ask', run },
    { type: 'reloaded', failure: undefined },
  );
  const leaving: RunModel = { ...current, endedFor: second.cause };
  return settle({ ...model, current: second.run, second: { ...second, role: 'leaving', run: leaving } });
}

/** Takes back the alert about a crash loop. */
export function quiet(model: InstanceModel, reason: string, { effects }: Context): InstanceModel {
  if (!model.alarmed) return model;
  effects.push({ type: 'clear-timer', timer: 'stable' }, { type: 'crash-loop', parked: false, reason });
  return { ...model, alarmed: false };
}
