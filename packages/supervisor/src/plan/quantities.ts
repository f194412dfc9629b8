import { formatDuration, formatSize, parseDuration, parseSize } from '@mainstay/core';

/** `1m 30s` where that is exactly it, else milliseconds: two values that differ never look the same. */
export function exactDuration(milliseconds: number): string {
  const text = formatDuration(milliseconds);
  return parseDuration(text) === milliseconds ? text : `${milliseconds}ms`;
}

/** `10 MiB` or `100 MB` where that is exactly it, else bytes. */
export function exactSize(bytes: number): string {
  const text = formatSize(bytes);
  if (parseSize(text) === bytes) return text;
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes % size === 0) return `${bytes / size} ${unit}`;
  return `${bytes} B`;
}
