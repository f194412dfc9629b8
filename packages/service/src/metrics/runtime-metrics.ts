import { constants, monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import type { RuntimeMetrics, RuntimeSnapshot } from '../types.ts';
import { LazyHistogram, quantilesOf } from './quantiles.ts';

/** How often the delay of the event loop is sampled, by a timer outside JavaScript, in milliseconds. */
const resolutionMs = 20;

export interface RuntimeMetricsOptions {
  /** Longest time without a turn of the event loop that is still healthy, in milliseconds. @default 10_000 */
  readonly healthyWithinMs?: number;
  /** Monotonic time in milliseconds. @default performance.now */
  readonly monotonic?: () => number;
}

/** Measurements that can be switched off again, for tests and for a clean end. */
export interface RunningMetrics extends RuntimeMetrics {
  close(): void;
}

/**
 * Begins to measure event-loop delay, collector pauses and utilisation. Meant to be called as the first thing of a
 * process: it takes about a millisecond, nearly all of it the loading of `node:perf_hooks`. It keeps no process alive.
 */
export function startRuntimeMetrics(options: RuntimeMetricsOptions = {}): RunningMetrics {
  const { healthyWithinMs = 10_000, monotonic = () => performance.now() } = options;
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const pauses = {
    minor: new LazyHistogram(),
    major: new LazyHistogram(),
    incremental: new LazyHistogram(),
    weakcb: new LazyHistogram(),
  };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // `detail` is there for 'gc' (Node: perf_hooks, performanceNodeEntry.detail); the general type does not know it.
      const kind = kindOf((entry as { detail?: { kind?: number } }).detail?.kind);
      if (kind) pauses[kind].record(entry.duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  let utilization = performance.eventLoopUtilization();
  const liveness = watchTurns(monotonic);
  return {
    snapshot(): RuntimeSnapshot {
      const since = utilization;
      utilization = performance.eventLoopUtilization();
      const memory = process.memoryUsage();
      const snapshot: RuntimeSnapshot = {
        // The histogram holds the time between two samples, of which `resolutionMs` is as it should be.
        eventLoopDelayMs: quantilesOf(delay, resolutionMs * 1e6),
        eventLoopUtilization: performance.eventLoopUtilization(utilization, since).utilization,
        gcPauseMs: {
          minor: pauses.minor.take(),
          major: pauses.major.take(),
          incremental: pauses.incremental.take(),
          weakcb: pauses.weakcb.take(),
        },
        heapUsedBytes: memory.heapUsed,
        rssBytes: memory.rss,
      };
      delay.reset();
      return snapshot;
    },
    isHealthy: () => liveness() <= healthyWithinMs,
    close() {
      delay.disable();
      observer.disconnect();
    },
  };
}

/** V8's kinds of collection (Node: perf_hooks.constants, NODE_PERFORMANCE_GC_*). */
function kindOf(kind: number | undefined): keyof RuntimeSnapshot['gcPauseMs'] | undefined {
  switch (kind) {
    case constants.NODE_PERFORMANCE_GC_MINOR:
      return 'minor';
    case constants.NODE_PERFORMANCE_GC_MAJOR:
      return 'major';
    case constants.NODE_PERFORMANCE_GC_INCREMENTAL:
      return 'incremental';
    case constants.NODE_PERFORMANCE_GC_WEAKCB:
      return 'weakcb';
    default:
      return undefined;
  }
}

/**
 * How long the event loop has not turned, as far as its own counter shows (libuv: uv_metrics_info, loop_count). Asked
 * on the loop's own thread there is no need for a timer that wakes an idle process.
 */
function watchTurns(monotonic: () => number): () => number {
  let turns = -1;
  let turnedAt = monotonic();
  return () => {
    const seen = performance.nodeTiming.uvMetricsInfo.loopCount;
    if (seen !== turns) {
      turns = seen;
      turnedAt = monotonic();
    }
    return monotonic() - turnedAt;
  };
}
