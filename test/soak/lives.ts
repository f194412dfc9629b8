import { slopePerMinute } from './slope.ts';

/** One look at a running agent. */
export interface Sample {
  /** Milliseconds since the start of the soak. */
  readonly at: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly instances: number;
}

/** What became of one agent, from its start to its end. */
export interface LifeReport {
  readonly samples: number;
  readonly seconds: number;
  readonly rssFirstKiB: number;
  readonly rssLastKiB: number;
  /** Least squares; undefined for a life that was too short to say. */
  readonly rssSlopeKiBPerMinute: number | undefined;
  readonly descriptorsFirst: number;
  readonly descriptorsLast: number;
}

/** What an agent takes at its start is no leak, in milliseconds. */
const warmUpMs = 10_000;
/** A slope over less says nothing, in milliseconds. */
const shortestMs = 30_000;

export function reportLife(samples: readonly Sample[]): LifeReport | undefined {
  const [start] = samples;
  const end = samples.at(-1);
  if (!start || !end) return undefined;
  const warm = samples.filter(({ at }) => at - start.at >= warmUpMs);
  const slope =
    end.at - start.at < shortestMs + warmUpMs
      ? undefined
      : slopePerMinute(warm.map(({ at, rssBytes }) => ({ at, value: rssBytes / 1024 })));
  return {
    samples: samples.length,
    seconds: Math.round((end.at - start.at) / 1000),
    rssFirstKiB: Math.round(start.rssBytes / 1024),
    rssLastKiB: Math.round(end.rssBytes / 1024),
    rssSlopeKiBPerMinute: slope === undefined ? undefined : Math.round(slope * 10) / 10,
    descriptorsFirst: start.descriptors,
    descriptorsLast: end.descriptors,
  };
}
