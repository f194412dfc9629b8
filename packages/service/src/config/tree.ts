import type { KeyPath, Origin } from './types.ts';

/**
 * A configuration with the origin of every value.
 *
 * INVARIANTS: nodes are never changed after they are made, so layers may share them. Maps keep their keys in a `Map`,
 * so that no key can reach an object's prototype.
 */
export type ConfigNode = MapNode | ListNode | ScalarNode;

export type ScalarValue = string | number | boolean | null;

export interface MapNode {
  readonly type: 'map';
  readonly entries: ReadonlyMap<string, ConfigNode>;
  readonly origin: Origin;
  /** Made from environment variables or flags: its numeric keys are indices where the layer below has a list. */
  readonly patch?: boolean;
}

export interface ListNode {
  readonly type: 'list';
  readonly items: readonly ConfigNode[];
  readonly origin: Origin;
}

/**
 * How the scalar was written decides which types it can take:
 * - `plain`: unquoted YAML; the typed value, or its text when the schema refuses that;
 * - `quoted`: a string and nothing else;
 * - `data`: JSON or a JavaScript value; as `quoted`, but a string that is one placeholder is typed like `plain`;
 * - `text`: an environment variable or a flag, typed by what the schema accepts.
 */
export type ScalarStyle = 'plain' | 'quoted' | 'data' | 'text';

export interface ScalarNode {
  readonly type: 'scalar';
  readonly value: ScalarValue;
  readonly style: ScalarStyle;
  readonly origin: Origin;
  /** The source text with its quotes, for positions within it and the spelling of plain scalars. */
  readonly raw?: string;
}

export function emptyMap(origin: Origin): MapNode {
  return { type: 'map', entries: new Map(), origin };
}

/** Lays `over` on `base`: maps key by key, everything else is replaced. */
export function merge(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (over.type !== 'map') return over;
  if (base.type === 'list' && over.patch) return patchList(base, over);
  if (base.type !== 'map') return over;
  const entries = new Map(base.entries);
  for (const [key, node] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? merge(below, node) : node);
  }
  return { type: 'map', entries, origin: base.origin, ...(base.patch && over.patch ? { patch: true } : {}) };
}

function patchList(base: ListNode, over: MapNode): ConfigNode {
  const items = [...base.items];
  for (const [key, node] of [...over.entries].sort(([a], [b]) => Number(a) - Number(b))) {
    const index = listIndex(key);
    // A gap or a name cannot be an item; the map replaces the list, and the schema says what it expected.
    if (index === undefined || index > items.length) return over;
    const below = items[index];
    items[index] = below ? merge(below, node) : node;
  }
  return { type: 'list', items, origin: base.origin };
}

/** Maps from variables or flags whose keys are 0, 1, 2 … become lists: `HOSTS__0=a`, `HOSTS__1=b`. */
export function settleLists(node: ConfigNode): ConfigNode {
  if (node.type === 'scalar') return node;
  if (node.type === 'list') return { ...node, items: node.items.map(settleLists) };
  const entries = new Map([...node.entries].map(([key, child]) => [key, settleLists(child)] as const));
  if (node.patch && entries.size > 0) {
    const items = Array.from({ length: entries.size }, (_unused, index) => entries.get(String(index)));
    if (items.every((item) => item !== undefined)) return { type: 'list', items, origin: node.origin };
  }
  return { ...node, entries };
}

export function listIndex(key: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : undefined;
}

export function childOf(node: ConfigNode | undefined, segment: string | number): ConfigNode | undefined {
  if (node?.type === 'map') return node.entries.get(String(segment));
  if (node?.type === 'list') return node.items[Number(segment)];
  return undefined;
}

/** The deepest node along the path, and how many segments of it were found. */
export function deepest(
  node: ConfigNode,
  path: KeyPath,
): { readonly node: ConfigNode; readonly depth: number } {
  let current = node;
  for (const [depth, segment] of path.entries()) {
    const child = childOf(current, segment);
    if (!child) return { node: current, depth };
    current = child;
  }
  return { node: current, depth: path.length };
}

export function nodeAt(node: ConfigNode, path: KeyPath): ConfigNode | undefined {
  const found = deepest(node, path);
  return found.depth === path.length ? found.node : undefined;
}

/** A JavaScript value as a layer; `undefined` and functions are left out. Throws a TypeError for a cycle. */
export function nodeFromValue(
  value: unknown,
  origin: Origin,
  seen: readonly unknown[] = [],
): ConfigNode | undefined {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return { type: 'scalar', value, style: 'data', origin };
  }
  if (typeof value !== 'object') return undefined;
  if (seen.includes(value)) throw new TypeError('The configuration object contains itself');
  const inner = [...seen, value];
  if (Array.isArray(value)) {
    const items = value.map(
      (item): ConfigNode =>
        nodeFromValue(item, origin, inner) ?? { type: 'scalar', value: null, style: 'data', origin },
    );
    return { type: 'list', items, origin };
  }
  // Dates, URLs and their like say themselves how they are written down.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return nodeFromValue(value.toJSON(), origin, inner);
  const entries = new Map<string, ConfigNode>();
  for (const [key, item] of Object.entries(value)) {
    const node = key === '__proto__' ? undefined : nodeFromValue(item, origin, inner);
    if (node) entries.set(key, node);
  }
  return { type: 'map', entries, origin };
}

/** Makes a nested map of assignments; the later of two for one key wins. */
export function nodeFromAssignments(
  assignments: ReadonlyArray<{ readonly path: readonly string[]; readonly node: ConfigNode }>,
  origin: Origin,
): MapNode {
  let root: MapNode = { ...emptyMap(origin), patch: true };
  for (const { path, node } of assignments) {
    const nested = path.reduceRight<ConfigNode>(
      (child, key) => ({ type: 'map', entries: new Map([[key, child]]), origin: child.origin, patch: true }),
      node,
    );
    root = merge(root, nested) as MapNode;
  }
  return root;
}
