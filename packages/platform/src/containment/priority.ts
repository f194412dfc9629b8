import { getPriority } from 'node:os';

import type { ContainmentLimits } from './types.ts';

/** Nice values, from -20 (most) to 19 (least); setpriority(2). */
export const niceOf = { idle: 19, low: 10, normal: 0, high: -5 } as const;

/** How much `nice` has to add to this process's own value; 0 for a priority that nobody asked for. */
export function niceDifference(priority: ContainmentLimits['priority']): number {
  return priority === undefined ? 0 : niceOf[priority] - getPriority();
}

/** Whether the kernel lets this process give others more than an ordinary priority. */
export function mayRaise(): boolean {
  return process.getuid?.() === 0 || getPriority() <= niceOf.high;
}
