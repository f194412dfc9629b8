import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Quantiles } from '../types.ts';

const nothing: Quantiles = { count: 0, p50: 0, p99: 0, max: 0 };

type Readable = Pick<RecordableHistogram, 'count' | 'max' | 'percentile'>;

/** Quantiles of a histogram of nanoseconds, in milliseconds. */
export function quantilesOf(histogram: Readable | undefined): Quantiles {
  if (!histogram || histogram.count === 0) return nothing;
  const milliseconds = (nanoseconds: number): number => Math.round(nanoseconds / 1e3) / 1e3;
  return {
    count: histogram.count,
    p50: milliseconds(histogram.percentile(50)),
    p99: milliseconds(histogram.percentile(99)),
    max: milliseconds(histogram.max),
  };
}

/** A histogram that exists from its first value on: an idle kind of pause costs nothing. */
export class LazyHistogram {
  #histogram: RecordableHistogram | undefined;

  record(milliseconds: number): void {
    this.#histogram ??= createHistogram({ figures: 2 });
    this.#histogram.record(Math.max(1, Math.round(milliseconds * 1e6)));
  }

  /** Quantiles since the last call. */
  take(): Quantiles {
    const quantiles = quantilesOf(this.#histogram);
    this.#histogram?.reset();
    return quantiles;
  }
}
