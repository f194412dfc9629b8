import type { ServiceInfo } from '@mainstay/core';

/** `mainstay-agent start-pending: Taking over 3 services (pid 4711)`. */
export function progressText({ name, state, text, pid }: ServiceInfo): string {
  return `${name} ${state}${text === '' ? '' : `: ${text}`}${pid === undefined ? '' : ` (pid ${pid})`}`;
}
