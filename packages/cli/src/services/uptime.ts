import { formatDuration } from '@mainstay/core';

/** `2h3m`; under a second it is nothing that anybody wants to read. */
export function formatUptime(milliseconds: number): string {
  return milliseconds < 1000 ? '0s' : formatDuration(milliseconds);
}
