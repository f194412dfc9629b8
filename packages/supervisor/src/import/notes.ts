import { serviceNameProblem } from '@mainstay/core';

import type { YamlValue } from './types.ts';

/** What is written of a service, and what is said of it. */
export class ServiceNotes {
  readonly notes: string[] = [];

  /** Something is there in the source, and not in the manifest. */
  dropped(key: string, value: unknown, why: string): undefined {
    this.notes.push(`${key}${value === undefined ? '' : `: ${oneLine(value)}`} was not carried over: ${why}`);
    return undefined;
  }

  /** It is carried over in another way than it was. */
  changed(message: string): void {
    this.notes.push(message);
  }
}

function oneLine(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  const line = text.replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** A name that the manifest takes: `Orders API` → `orders-api`. */
export function serviceName(text: string, taken: ReadonlySet<string>): string {
  const name =
    text
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .slice(0, 70)
      .replace(/^[^a-z0-9]+|[-.]+$/g, '') || 'service';
  // What is left is a device of Windows.
  const safe = serviceNameProblem(name) === undefined ? name : `service-${name}`;
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? safe : `${safe}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Undefined for a map without anything in it. */
export function block(
  keys: Readonly<Record<string, YamlValue | undefined>>,
): Readonly<Record<string, YamlValue>> | undefined {
  const set = Object.entries(keys).filter((entry): entry is [string, YamlValue] => entry[1] !== undefined);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

/** Milliseconds as the manifest has them, within bounds. */
export function duration(milliseconds: number, { min = 0, max = 86_400_000 } = {}): string {
  const whole = Math.round(Math.min(max, Math.max(min, milliseconds)));
  return whole % 1000 === 0 && whole > 0 ? `${whole / 1000}s` : `${whole}ms`;
}
