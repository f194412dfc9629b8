import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration, type ServiceInfo, type WaitOptions } from '@mainstay/core';
import { platformErrors } from '../errors.ts';

/** Between two looks at the service while it is waited for, in ms. */
const pollMs = 150;

/**
 * Does `work` within `timeoutMs`, and meanwhile tells `onProgress` of each change that `query` sees. Throws
 * MANAGER_TIMEOUT; what was asked of the manager goes on. Rejects with the caller's own reason when that aborts.
 */
export async function waitWithProgress<Result>(
  what: string,
  { timeoutMs, onProgress, signal }: WaitOptions,
  query: () => Promise<ServiceInfo>,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const watching = onProgress ? watch(query, onProgress, ended.signal) : undefined;
  try {
    return await work(AbortSignal.any([deadline, ...(signal ? [signal] : [])]));
  } catch (error) {
    signal?.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw platformErrors.error(
      'MANAGER_TIMEOUT',
      `The ${what} did not end within ${formatDuration(timeoutMs)}; it goes on, and \`status\` shows what becomes of it`,
      { cause: error },
    );
  } finally {
    ended.abort();
    await watching;
  }
}

async function watch(
  query: () => Promise<ServiceInfo>,
  onProgress: (info: ServiceInfo) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = '';
  while (!signal.aborted) {
    // A look that fails is made up for by the next one; what is waited for reports its own failures.
    const info = await query().catch(() => undefined);
    if (info && !signal.aborted) {
      const seen = JSON.stringify([info.state, info.text, info.pid]);
      if (seen !== last) onProgress(info);
      last = seen;
    }
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}
