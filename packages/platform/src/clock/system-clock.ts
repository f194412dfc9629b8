import type { Clock } from '@mainstay/core';

/** Real time. Its timers keep the process alive like any other. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return { clear: () => clearTimeout(timer) };
  },
};
