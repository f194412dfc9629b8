import { defineErrors } from './errors.ts';

export const quantityErrors = defineErrors('quantity', {
  QUANTITY_INVALID_DURATION: {
    kind: 'operator',
    summary: 'A duration cannot be read',
    action: 'Write a number with a unit: 500ms, 30s, 5m, 1h30m, 2d',
  },
  QUANTITY_INVALID_SIZE: {
    kind: 'operator',
    summary: 'A size in bytes cannot be read',
    action: 'Write a number with a unit: 512B, 64KiB, 100MB, 2GiB',
  },
});

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `30s`, `1h30m`, `1.5s`; a bare number is milliseconds. Throws QUANTITY_INVALID_DURATION. */
export function parseDuration(text: string | number): number {
  const milliseconds = typeof text === 'number' ? text : readDuration(text.trim());
  if (milliseconds !== undefined && Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  throw quantityErrors.error(
    'QUANTITY_INVALID_DURATION',
    `Not a duration: ${JSON.stringify(text)}; write a number with a unit, such as 500ms, 30s, 5m or 1h30m`,
  );
}

function readDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*/gy)];
  const matched = parts.reduce((length, part) => length + part[0].length, 0);
  if (parts.length === 0 || matched !== text.length) return undefined;
  return parts.reduce((sum, part) => sum + Number(part[1]) * (durationUnits[part[2] ?? ''] ?? 0), 0);
}

/** `90500` → `1m 30s`: the two largest units, for people. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  const order: ReadonlyArray<readonly [string, number]> = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  let rest = milliseconds;
  const shown: string[] = [];
  for (const [unit, size] of order) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) shown.push(`${count}${unit}`);
    if (shown.length === 2) break;
  }
  return shown.join(' ');
}

const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Bytes of `100MB` (decimal), `10MiB` (binary); a bare number is bytes. Throws QUANTITY_INVALID_SIZE. */
export function parseSize(text: string | number): number {
  if (typeof text === 'number' && Number.isSafeInteger(text) && text >= 0) return text;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)?$/i.exec(String(text).trim());
  const unit = match ? sizeUnits[(match[2] ?? 'b').toLowerCase()] : undefined;
  const bytes = match && unit !== undefined ? Math.round(Number(match[1]) * unit) : Number.NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw quantityErrors.error(
    'QUANTITY_INVALID_SIZE',
    `Not a size: ${JSON.stringify(text)}; write a number with a unit, such as 64KiB, 100MB or 2GiB`,
  );
}

/** `10485760` → `10 MiB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}
