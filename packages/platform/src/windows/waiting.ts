import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration, type ServiceInfo, type WaitOptions } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** Milliseconds between two looks at a service. */
const pollMs = 100;

/**
 * Looks at a service until it is where it should be, and tells of each change on the way. `done` returns true at the
 * goal and throws when the goal cannot be reached any more. Throws MANAGER_TIMEOUT.
 */
export async function waitUntil(
  what: string,
  options: WaitOptions,
  look: () => ServiceInfo & { readonly checkpoint?: number },
  done: (info: ServiceInfo) => boolean,
): Promise<ServiceInfo> {
  const end = performance.now() + options.timeoutMs;
  let last = '';
  for (;;) {
    const { checkpoint, ...info } = look();
    const seen = `${info.state} ${checkpoint}`;
    if (seen !== last) options.onProgress?.(info);
    last = seen;
    if (done(info)) return info;
    options.signal?.throwIfAborted();
    if (performance.now() >= end) {
      throw platformErrors.error(
        'MANAGER_TIMEOUT',
        `The service ${info.name} is ${info.state} after ${formatDuration(options.timeoutMs)}; it was to ${what}`,
        { details: { service: info.name, state: info.state } },
      );
    }
    await sleep(pollMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}
