import type { Captured, Footprint, Reloaded } from './rows.ts';

/** Everything that was measured of one contender, in the order it was taken. */
export interface Figures {
  readonly version: string;
  readonly bootMs: number[];
  readonly empty: Footprint[];
  readonly with25: Footprint[];
  readonly with100: Footprint[];
  readonly start100Ms: number[];
  readonly crashMs: number[];
  readonly crashNodeMs: number[];
  readonly restartMs: number[];
  readonly lines: Captured[];
  readonly reloads: Reloaded[];
  /** What did not work, in words. */
  readonly failures: string[];
}

export function emptyFigures(version: string): Figures {
  return {
    version,
    bootMs: [],
    empty: [],
    with25: [],
    with100: [],
    start100Ms: [],
    crashMs: [],
    crashNodeMs: [],
    restartMs: [],
    lines: [],
    reloads: [],
    failures: [],
  };
}
