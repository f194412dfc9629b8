import type { EndedRunView } from '@mainstay/supervisor';

import { formatUptime } from './uptime.ts';

/** `exit code 1 after 3m 2s`, `signal SIGKILL after 5s`, or why there was no start. */
export function describeEnded(end: EndedRunView): string {
  return `${howItEnded(end)} after ${formatUptime(end.uptimeMs)}`;
}

export function howItEnded({ error, signal, exitCode, outOfMemory, endedFor }: EndedRunView): string {
  if (error !== undefined) return `no start: ${error}`;
  const how = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  if (outOfMemory) return `${how}, out of memory`;
  // The signal was ours: it says nothing of what was wrong.
  if (endedFor === 'probe') return `${how}, for its probe`;
  return endedFor === 'memory-limit' ? `${how}, for its memory` : how;
}
