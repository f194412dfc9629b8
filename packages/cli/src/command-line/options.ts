import { parseDuration } from '@mainstay/core';
import { InvalidArgumentError } from 'commander';

/** A whole number of at most `most`. */
export function countOption(most: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
    throw new InvalidArgumentError(`Write a whole number from 0 to ${most}.`);
  };
}

/** A duration of at least `least`, in milliseconds. */
export function durationOption(least: number): (text: string) => number {
  return (text) => {
    const milliseconds = readDuration(text);
    if (milliseconds !== undefined && milliseconds >= least) return milliseconds;
    throw new InvalidArgumentError(`Write a duration of at least ${least}ms, such as 500ms, 2s or 1m.`);
  };
}

/** A point in time: an ISO date, or a duration before now. Milliseconds since the Unix epoch. */
export function sinceOption(text: string): number {
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(date)) return date;
  const ago = readDuration(text);
  if (ago !== undefined) return Date.now() - ago;
  throw new InvalidArgumentError('Write a date (2026-01-31T12:00) or a duration (10m) before now.');
}

function readDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}
