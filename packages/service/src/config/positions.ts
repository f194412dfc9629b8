import type { Origin } from './types.ts';

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
}

/** Turns offsets of a text into lines and columns; lines end with LF, CRLF or CR, as in YAML. */
export function lineIndex(text: string): (offset: number) => Position {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/**
 * The origin of the `${` at `offset` of a scalar's value. Quotes, escapes and indentation shift the source against the
 * value, so that the placeholder is found by its number among the scalar's `${`.
 */
export function originWithin(origin: Origin, raw: string | undefined, value: string, offset: number): Origin {
  if (raw === undefined || origin.line === undefined || origin.column === undefined) return origin;
  const before = value.slice(0, offset).split('${').length - 1;
  let at = raw.indexOf('${');
  for (let index = 0; index < before && at !== -1; index += 1) at = raw.indexOf('${', at + 2);
  if (at === -1) return origin;
  const inner = lineIndex(raw)(at);
  return inner.line === 1
    ? { ...origin, column: origin.column + inner.column - 1 }
    : { ...origin, line: origin.line + inner.line - 1, column: inner.column };
}
