import type { ResourceLimits } from '../manifest/types.ts';
import type { ReclaimRequest } from '../runner/types.ts';

/** A bound counts as kept again at this share of it, and when it has stayed there for `settledMs`: one alert, not many. */
const keptShare = 0.95;
const settledMs = 30_000;
/** The processor limit counts as reached from this share on, when it lasts for `throttledMs`. */
const throttledShare = 0.95;
const throttledMs = 60_000;

export type WatchedLimit = 'memory.soft' | 'openFiles';

/** What a run takes at one moment; undefined is not known. */
export interface LimitSample {
  readonly memoryBytes: number | undefined;
  readonly openFiles: number | undefined;
  /** Per cent of one core. */
  readonly cpuPercent: number | undefined;
}

/** A time over a bound, from the first sample above until the alert is taken back. Times are monotonic, in ms. */
export interface Excess {
  /** When the service was last asked to reclaim: as soon as it is over, and again when it comes back. */
  readonly askedAt: number;
  /** Since when it has been well below without a break; undefined when it is not. */
  readonly belowSince: number | undefined;
  /** It was decided to restart it, which is said once. */
  readonly restarting: boolean;
}

/** INVARIANT: for each bound, an alert stands exactly while there is an excess. */
export interface LimitsModel {
  readonly limits: ResourceLimits;
  readonly excess: Readonly<Partial<Record<WatchedLimit, Excess>>>;
  /** Since when it has taken all the processor that it may; monotonic, in ms. */
  readonly cpuFullSince: number | undefined;
  readonly throttled: boolean;
}

export type LimitEffect =
  /** For the event of the same name: `exceeded: false` takes the alert back. */
  | {
      readonly type: 'limit';
      readonly limit: WatchedLimit;
      readonly exceeded: boolean;
      readonly used: number;
      readonly bound: number;
      readonly action: 'alert' | 'reclaim' | 'restart';
    }
  | { readonly type: 'reclaim'; readonly request: ReclaimRequest }
  /** The memory has stayed over its soft bound although the service was asked. */
  | { readonly type: 'restart'; readonly used: number; readonly bound: number }
  /** For people: it has run at its processor limit for a minute, or does not any more. */
  | {
      readonly type: 'throttled';
      readonly throttled: boolean;
      readonly cpuPercent: number;
      readonly bound: number;
    };

export interface LimitsStep {
  readonly model: LimitsModel;
  readonly effects: readonly LimitEffect[];
}

/** One for each run. */
export function initialLimits(limits: ResourceLimits): LimitsModel {
  return { limits, excess: {}, cpuFullSince: undefined, throttled: false };
}

/** True when there is something to watch, so that the others need not be sampled for it. */
export function watchesLimits(limits: ResourceLimits): boolean {
  return (
    limits.memorySoftBytes !== undefined || limits.openFiles !== undefined || limits.cpuPercent !== undefined
  );
}

/** What a sample means. `at` is monotonic, in ms. */
export function stepLimits(model: LimitsModel, sample: LimitSample, at: number): LimitsStep {
  const { memorySoftBytes, openFiles, openFilesAlertShare } = model.limits;
  const effects: LimitEffect[] = [];
  let next = model;
  const check = (limit: WatchedLimit, bound: number | undefined, used: number | undefined): void => {
    if (bound === undefined || used === undefined) return;
    const step = stepBound({ limit, bound, used, at, model: next });
    next = step.model;
    effects.push(...step.effects);
  };
  check('memory.soft', memorySoftBytes, sample.memoryBytes);
  check(
    'openFiles',
    openFiles === undefined ? undefined : Math.floor(openFiles * openFilesAlertShare),
    sample.openFiles,
  );
  const cpu = stepProcessor(next, sample.cpuPercent, at);
  return { model: cpu.model, effects: [...effects, ...cpu.effects] };
}

/** The run has ended: takes back the alerts that stand. */
export function endLimits(model: LimitsModel): LimitsStep {
  const effects = (Object.keys(model.excess) as WatchedLimit[]).map((limit): LimitEffect => {
    const bound = (limit === 'memory.soft' ? model.limits.memorySoftBytes : model.limits.openFiles) ?? 0;
    return { type: 'limit', limit, exceeded: false, used: 0, bound, action: 'alert' };
  });
  return { model: initialLimits(model.limits), effects };
}

interface Measured {
  readonly limit: WatchedLimit;
  readonly bound: number;
  readonly used: number;
  readonly at: number;
  readonly model: LimitsModel;
}

function stepBound(measured: Measured): LimitsStep {
  const { limit, bound, used, at, model } = measured;
  const excess = model.excess[limit];
  const tell = (exceeded: boolean, action: 'alert' | 'reclaim' | 'restart'): LimitEffect => ({
    type: 'limit',
    limit,
    exceeded,
    used,
    bound,
    action,
  });
  const reason = limit === 'memory.soft' ? 'memory' : 'open-files';
  const ask: LimitEffect = { type: 'reclaim', request: { reason, used, limit: bound } };
  if (!excess) {
    if (used <= bound) return { model, effects: [] };
    const begun: Excess = { askedAt: at, belowSince: undefined, restarting: false };
    return { model: withExcess(model, limit, begun), effects: [tell(true, 'reclaim'), ask] };
  }
  if (used <= bound * keptShare) {
    const belowSince = excess.belowSince ?? at;
    if (at - belowSince < settledMs)
      return { model: withExcess(model, limit, { ...excess, belowSince }), effects: [] };
    return { model: withExcess(model, limit, undefined), effects: [tell(false, 'alert')] };
  }
  if (used <= bound) return { model, effects: [] };
  // It had reclaimed, and is over again: asked anew without another alert.
  if (excess.belowSince !== undefined)
    return {
      model: withExcess(model, limit, { ...excess, askedAt: at, belowSince: undefined }),
      effects: [ask],
    };
  const isLate = limit === 'memory.soft' && at - excess.askedAt >= model.limits.reclaimMs;
  if (!isLate || excess.restarting) return { model, effects: [] };
  return {
    model: withExcess(model, limit, { ...excess, restarting: true }),
    effects: [tell(true, 'restart'), { type: 'restart', used, bound }],
  };
}

function withExcess(model: LimitsModel, limit: WatchedLimit, excess: Excess | undefined): LimitsModel {
  const { [limit]: _, ...others } = model.excess;
  return { ...model, excess: excess ? { ...others, [limit]: excess } : others };
}

function stepProcessor(model: LimitsModel, cpuPercent: number | undefined, at: number): LimitsStep {
  const bound = model.limits.cpuPercent;
  if (bound === undefined || cpuPercent === undefined) return { model, effects: [] };
  if (cpuPercent < bound * throttledShare) {
    const effects: LimitEffect[] = model.throttled
      ? [{ type: 'throttled', throttled: false, cpuPercent, bound }]
      : [];
    return { model: { ...model, cpuFullSince: undefined, throttled: false }, effects };
  }
  const cpuFullSince = model.cpuFullSince ?? at;
  if (model.throttled || at - cpuFullSince < throttledMs)
    return { model: { ...model, cpuFullSince }, effects: [] };
  return {
    model: { ...model, cpuFullSince, throttled: true },
    effects: [{ type: 'throttled', throttled: true, cpuPercent, bound }],
  };
}
