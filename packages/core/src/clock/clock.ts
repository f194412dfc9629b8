/** A timer that was set and can be taken back. */
export interface Timer {
  clear(): void;
}

/** Time as everything in Mainstay sees it: wall time for people, monotonic time for deadlines. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `callback` once after `milliseconds` of monotonic time. */
  setTimer(milliseconds: number, callback: () => void): Timer;
}
