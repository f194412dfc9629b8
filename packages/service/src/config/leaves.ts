import type { KeyPath, KeySegment } from './types.ts';

export interface OutputLeaf {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** True for `{…}` as literals and parsers make it: dates, URLs, class instances and their like are values. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The values of a configuration that have no values below them; an empty map or list is one. */
export function* outputLeaves(
  value: unknown,
  path: readonly KeySegment[] = [],
  above: readonly unknown[] = [],
): Generator<OutputLeaf> {
  const children: ReadonlyArray<readonly [KeySegment, unknown]> = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : [];
  // A validator's output may hold itself.
  if (children.length === 0 || above.includes(value)) yield { path, value };
  else for (const [key, child] of children) yield* outputLeaves(child, [...path, key], [...above, value]);
}
