import type { Alert } from '../alert.ts';

/** One way to tell people. */
export interface AlertSink {
  /** For logs and people, without what is secret. */
  readonly target: string;
  /** Resolves when it has arrived; rejects when it has not, `details.isFinal` when trying again is of no use. */
  send(alert: Alert, signal: AbortSignal): Promise<void>;
}
