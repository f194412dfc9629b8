import { parseDuration } from '@mainstay/core';
import { InvalidArgumentError } from 'commander';

import { isServiceName } from '../service-identity.ts';

/** Commander's parser of a duration option: milliseconds. */
export function durationOption(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Id of a service: the same rule as `defineService` has. */
export function nameOption(text: string): string {
  if (isServiceName(text)) return text;
  throw new InvalidArgumentError(
    'A name is lower-case letters, digits, dots, dashes and underscores, at most 80 characters.',
  );
}

/** Collects `KEY=VALUE`, given several times. */
export function environmentOption(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
  if (!match) throw new InvalidArgumentError('Write KEY=VALUE, where the key is letters, digits and _.');
  // A NUL or a line break would end the setting in a unit or a registry value.
  // oxlint-disable-next-line no-control-regex -- NUL is what it looks for
  if (/[\0\r\n]/.test(match[2] ?? '')) throw new InvalidArgumentError('The value is more than one line.');
  return { ...previous, [match[1] ?? '']: match[2] ?? '' };
}

/** Collects names, separated by commas or given several times. */
export function listOption(text: string, previous: readonly string[] = []): readonly string[] {
  return [
    ...previous,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

export function countOption(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number, 0 or more.');
}

/** A point in time: an ISO date, or a duration before now. Milliseconds since the Unix epoch. */
export function sinceOption(now: () => number): (text: string) => number {
  return (text) => {
    const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(date)) return date;
    try {
      return now() - parseDuration(text);
    } catch {
      throw new InvalidArgumentError('Write a date (2026-01-31T12:00) or a duration (10m) before now.');
    }
  };
}

/** Collects the values of an option that is given several times, as they are. */
export function repeatedOption(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), text];
}
