import type { LifecycleLimits } from './types.ts';

/** What a host is given to take note of the end, in milliseconds. */
export const detachTimeoutMs = 2_000;

/** For the last lines of the log, and for a machine so busy that timers fire late, in milliseconds. */
const marginMs = 3_000;

/**
 * How long whoever can kill a service leaves it to end by itself, in milliseconds: its stop, its clean-up, telling the
 * host, and a margin. Shorter, and a service would be killed that keeps all of its own deadlines; it should be the one
 * that gives up first, and says why. Pure.
 */
export function stopAllowanceMs(limits: Pick<LifecycleLimits, 'stopTimeoutMs' | 'disposeTimeoutMs'>): number {
  return limits.stopTimeoutMs + limits.disposeTimeoutMs + detachTimeoutMs + marginMs;
}

/** Limits of a primary, whose stop is over when its instances have ended, each with a stop and a clean-up. Pure. */
export function primaryLimits(limits: LifecycleLimits): LifecycleLimits {
  return { ...limits, stopTimeoutMs: stopAllowanceMs(limits) };
}
