export interface CrashLimits {
  /** @default 1_000 */
  readonly firstDelayMs: number;
  /** @default 60_000 */
  readonly longestDelayMs: number;
  /** @default 5 */
  readonly crashes: number;
  /** @default 60_000 */
  readonly withinMs: number;
}

/** The conventional figures: back-off 1 s doubling to 60 s, a loop after 5 crashes in 60 s. */
export const defaultCrashLimits: CrashLimits = {
  firstDelayMs: 1_000,
  longestDelayMs: 60_000,
  crashes: 5,
  withinMs: 60_000,
};

/** The crashes that count, oldest first: monotonic times in milliseconds, all instances together. */
export type CrashHistory = readonly number[];

export type CrashDecision =
  | { readonly type: 'restart'; readonly delayMs: number }
  | { readonly type: 'give-up' };

/** Notes a crash and decides. The delay doubles with each crash that is not yet forgotten. */
export function afterCrash(
  history: CrashHistory,
  now: number,
  limits: CrashLimits = defaultCrashLimits,
): { readonly history: CrashHistory; readonly decision: CrashDecision } {
  const recent = [...history.filter((time) => now - time < limits.withinMs), now];
  if (recent.length >= limits.crashes) return { history: recent, decision: { type: 'give-up' } };
  const delayMs = Math.min(limits.longestDelayMs, limits.firstDelayMs * 2 ** (recent.length - 1));
  return { history: recent, decision: { type: 'restart', delayMs } };
}
