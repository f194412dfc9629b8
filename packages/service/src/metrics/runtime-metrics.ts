import {
  constants,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
  type EventLoopUtilization,
} from 'node:perf_hooks';
import type { RuntimeMetrics, RuntimeSnapshot } from '../types.ts';
import { LazyHistogram, quantilesOf } from './quantiles.ts';

export interface RuntimeMetricsOptions {
  /** Longest time without a turn of the event loop that is still healthy, in milliseconds. @default 10_000 */
  readonly healthyWithinMs?: number;
  /** Monotonic time in milliseconds. @default performance.now */
  readonly monotonic?: () => number;
}

/** Measurements that can be switched off again, for tests and for a clean end. */
export interface RunningMetrics extends RuntimeMetrics {
  /** Another reader, whose snapshots take nothing from these: its first covers the time from this call on. */
  reader(): RuntimeMetrics;
  close(): void;
}

/** What one reader has not seen yet. */
interface Window {
  readonly delay: ReturnType<typeof monitorEventLoopDelay>;
  readonly pauses: Record<keyof RuntimeSnapshot['gcPauseMs'], LazyHistogram>;
  utilization: EventLoopUtilization;
}

/**
 * Begins to measure event-loop delay, collector pauses and utilisation. Meant to be called as the first thing of a
 * process: it takes about a millisecond, nearly all of it the loading of `node:perf_hooks`. It keeps no process alive.
 */
export function startRuntimeMetrics(options: RuntimeMetricsOptions = {}): RunningMetrics {
  const { healthyWithinMs = 10_000, monotonic = () => performance.now() } = options;
  const windows: Window[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // `detail` is there for 'gc' (Node: perf_hooks, performanceNodeEntry.detail); the general type does not know it.
      const kind = kindOf((entry as { detail?: { kind?: number } }).detail?.kind);
      if (kind) for (const { pauses } of windows) pauses[kind].record(entry.duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const turns = watchTurns(healthyWithinMs, monotonic);
  const { isHealthy } = turns;
  const reader = (): RuntimeMetrics => {
    const window = openWindow();
    windows.push(window);
    return { snapshot: () => take(window), isHealthy };
  };
  return {
    ...reader(),
    reader,
    close() {
      for (const { delay } of windows) delay.disable();
      observer.disconnect();
      turns.close();
    },
  };
}

function openWindow(): Window {
  // Once for each turn of the loop, by how long the turn took. A sampling timer would wake an idle process 50 times a
  // second: 0.2 % of a core.
  const delay = monitorEventLoopDelay({ samplePerIteration: true });
  delay.enable();
  return {
    delay,
    pauses: {
      minor: new LazyHistogram(),
      major: new LazyHistogram(),
      incremental: new LazyHistogram(),
      weakcb: new LazyHistogram(),
    },
    utilization: performance.eventLoopUtilization(),
  };
}

/** What has been measured since the last call, and what is at the moment. */
function take(window: Window): RuntimeSnapshot {
  const { delay, pauses, utilization: since } = window;
  window.utilization = performance.eventLoopUtilization();
  const memory = process.memoryUsage();
  const snapshot: RuntimeSnapshot = {
    eventLoopDelayMs: quantilesOf(delay),
    eventLoopUtilization: performance.eventLoopUtilization(window.utilization, since).utilization,
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

/** A turn is noticed by a timer that comes this many times in the bound, and a late one is held against the loop for two. */
const marksPerBound = 20;

/**
 * Whether the event loop turns. Who asks runs on this same loop, so nobody is answered while it is blocked: what can be
 * seen is that it has just been, by a timer that came late. That is held against it until it has turned in time for a
 * tenth of the bound, so the first who ask after the block hear of it, in whatever order their turns come.
 *
 * Not seen: a block shorter than the bound, whatever waits without blocking (a promise that is never settled, a full
 * thread pool), and other threads. A block without an end is for a watchdog outside, which then is not fed.
 */
function watchTurns(
  boundMs: number,
  monotonic: () => number,
): { readonly isHealthy: () => boolean; readonly close: () => void } {
  const periodMs = boundMs / marksPerBound;
  let markedAt = monotonic();
  let lateAt = -Infinity;
  const isLate = (now: number): boolean => now - markedAt - periodMs > boundMs;
  const timer = setInterval(() => {
    const now = monotonic();
    if (isLate(now)) lateAt = now;
    markedAt = now;
  }, periodMs).unref();
  return {
    isHealthy() {
      const now = monotonic();
      return !isLate(now) && now - lateAt > 2 * periodMs;
    },
    close: () => clearInterval(timer),
  };
}
