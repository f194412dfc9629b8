/** When a service that has ended is started again. Times are in milliseconds. */
export interface RestartRules {
  /** @default 'always' */
  readonly policy: 'always' | 'on-failure' | 'never';
  /**
   * Wait before the first restart after a run that did not last `stableMs`; doubles with each further one in a row. The
   * restart after a run of `stableMs` or more comes at once. @default 1_000
   */
  readonly backoffMinMs: number;
  /** @default 60_000 */
  readonly backoffMaxMs: number;
  /** A run that lasted this long has been well: the back-off begins anew. @default 10_000 */
  readonly stableMs: number;
  /** Starts within `crashLoopWindowMs` that make a crash loop: the service is parked, and there is an alert. @default 5 */
  readonly crashLoopStarts: number;
  /** @default 60_000 */
  readonly crashLoopWindowMs: number;
  /** A parked service is tried again after this long; 0: never by itself. @default 300_000 */
  readonly parkedRetryMs: number;
  /** Exit codes after which it is never started again: a wrong command line, a wrong configuration. @default [2, 6] for `service:`, [] for `exec:` */
  readonly neverOn: readonly number[];
  /** Exit codes that count as a good end besides 0. @default [] */
  readonly successOn: readonly number[];
  /** Five-field cron expression, local time: restarted then, one instance after the other. */
  readonly schedule: string | undefined;
}

export const defaultRestartRules: RestartRules = {
  policy: 'always',
  backoffMinMs: 1000,
  backoffMaxMs: 60_000,
  stableMs: 10_000,
  crashLoopStarts: 5,
  crashLoopWindowMs: 60_000,
  parkedRetryMs: 300_000,
  neverOn: [],
  successOn: [],
  schedule: undefined,
};
