import type { KeyPath } from './types.ts';

const bareSegment = /^[A-Za-z0-9_-]+$/;

/** `['http', 'port']` → `http.port`; a segment with other characters is quoted as in JSON: `labels."a.b"`. */
export function formatKey(path: KeyPath): string {
  return path
    .map((segment) => {
      const text = String(segment);
      return bareSegment.test(text) ? text : JSON.stringify(text);
    })
    .join('.');
}

/** Reads what `formatKey` writes; undefined when the text is not a key. List indices stay strings. */
export function parseKey(text: string): string[] | undefined {
  const segment = /([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*")/y;
  const path: string[] = [];
  for (let at = 0; ; at += 1) {
    segment.lastIndex = at;
    const match = segment.exec(text);
    if (!match) return undefined;
    const parsed = match[1] ?? parseQuoted(match[2] ?? '');
    if (parsed === undefined) return undefined;
    path.push(parsed);
    at = segment.lastIndex;
    if (at === text.length) return path;
    if (text[at] !== '.') return undefined;
  }
}

function parseQuoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}
