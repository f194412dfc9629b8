import type { LifecycleStatus } from '@mainstay/core';
import { formatStatusText } from './status-text.ts';

/** Added to what a checkpoint asks for, in ms, so that the service's own deadline is over before systemd's. */
const extensionGraceMs = 10_000;

/** Fields of one datagram (sd_notify(3)). */
export type NotifyFields = Readonly<Record<string, string>>;

/**
 * What systemd has to be told when the status went from `before` to `status`; undefined for nothing. Pure.
 * `isFirst` says that nothing was sent yet, not even `before`.
 */
export function notifyFields(
  before: LifecycleStatus | undefined,
  status: LifecycleStatus,
  monotonicUsec: () => bigint,
  isFirst: boolean = before === undefined,
): NotifyFields | undefined {
  const fields: Record<string, string> = { ...transition(before, status, monotonicUsec) };
  const text = formatStatusText(status);
  if (isFirst || before === undefined || formatStatusText(before) !== text) fields['STATUS'] = text;
  if (extendsTimeout(before, status)) {
    fields['EXTEND_TIMEOUT_USEC'] = String(Math.round((status.waitHintMs + extensionGraceMs) * 1000));
  }
  return Object.keys(fields).length > 0 ? fields : undefined;
}

function transition(
  before: LifecycleStatus | undefined,
  status: LifecycleStatus,
  monotonicUsec: () => bigint,
): NotifyFields {
  if (!isUp(status.state)) {
    const begins = status.state === 'stop-pending' && before?.state !== 'stop-pending';
    return begins ? { STOPPING: '1' } : {};
  }
  if (!isUp(before?.state)) return { READY: '1' };
  if (status.reloading && !before?.reloading) {
    return { RELOADING: '1', MONOTONIC_USEC: String(monotonicUsec()) };
  }
  return before?.reloading && !status.reloading ? { READY: '1' } : {};
}

function isUp(state: LifecycleStatus['state'] | undefined): boolean {
  return state !== undefined && state !== 'stopped' && state !== 'start-pending' && state !== 'stop-pending';
}

/** A checkpoint within one pending state. The hint that comes with the state itself is the unit's own time-out. */
function extendsTimeout(before: LifecycleStatus | undefined, status: LifecycleStatus): boolean {
  if (status.waitHintMs === 0 || before?.state !== status.state) return false;
  // In any other state no time-out of systemd's is running.
  if (status.state !== 'start-pending' && status.state !== 'stop-pending') return false;
  return status.checkpoint > before.checkpoint;
}

/** `READY=1\nSTATUS=Running`. */
export function encodeFields(fields: NotifyFields): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');
}
