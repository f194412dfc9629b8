import { setTimeout as delay } from 'node:timers/promises';

const firstMs = 1;
const longestMs = 100;

/** Tries again and again, less and less often, until it is so; milliseconds of a process's death are usual. */
export async function tryUntil(isSo: () => boolean, patienceMs = Number.POSITIVE_INFINITY): Promise<boolean> {
  const start = performance.now();
  for (let waitMs = firstMs; !isSo(); waitMs = Math.min(waitMs * 2, longestMs)) {
    if (performance.now() - start > patienceMs) return false;
    await delay(waitMs);
  }
  return true;
}
