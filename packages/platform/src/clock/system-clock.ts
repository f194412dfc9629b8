import type { Clock } from '@mainstay/core';

/** Longest time that a Node timer can hold, about 25 days; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Real time. Its timers keep the process alive like any other. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, maxTimerMs));
    return { clear: () => clearTimeout(timer) };
  },
};
