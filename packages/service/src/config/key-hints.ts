import { nodeAt, type ConfigNode } from './tree.ts';
import type { KeyPath } from './types.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** What is known of the keys of a configuration, from the layers below and from the schema. */
export interface KeyHints {
  /** Keys that the layers below have in the map at this path. */
  givenAt(path: KeyPath): readonly string[];
  /** Keys that may stand in the map at this path. The first call makes a JSON Schema, which takes milliseconds. */
  keysAt(path: KeyPath): readonly string[];
  /** True when the schema lists the keys at this path and takes no others. */
  isClosedAt(path: KeyPath): boolean;
}

export function keyHints(tree: ConfigNode, schema: () => JsonSchema | undefined): KeyHints {
  const givenAt = (path: KeyPath): readonly string[] => {
    const node = nodeAt(tree, path);
    return node?.type === 'map' ? [...node.entries.keys()] : [];
  };
  return {
    givenAt,
    keysAt: (path) => [...new Set([...givenAt(path), ...schemaKeys(schema(), path)])],
    isClosedAt(path) {
      const root = schema();
      const nodes = root ? schemasAt(root, path) : [];
      return nodes.length > 0 && nodes.every(isClosed);
    },
  };
}

export function schemaKeys(root: JsonSchema | undefined, path: KeyPath): string[] {
  if (!root) return [];
  return schemasAt(root, path).flatMap((node) => Object.keys(asSchema(node['properties']) ?? {}));
}

/** Whether the schema lists the keys of the map that holds this path's last key, and that key is not among them. */
export function isUnknownToSchema(root: JsonSchema, path: KeyPath): boolean {
  const parents = schemasAt(root, path.slice(0, -1));
  const key = String(path.at(-1));
  return (
    parents.length > 0 &&
    parents.every((parent) => isClosed(parent) && !Object.hasOwn(asSchema(parent['properties']) ?? {}, key))
  );
}

/**
 * An object schema is closed unless it says what other properties look like. Validators that drop unknown keys leave
 * `additionalProperties` out of the schema of their input, so that absence means closed here.
 */
function isClosed(node: JsonSchema): boolean {
  const additional = node['additionalProperties'];
  return (
    asSchema(node['properties']) !== undefined &&
    (additional === undefined || additional === false) &&
    node['patternProperties'] === undefined
  );
}

/** Every subschema that may apply at the path: references followed, alternatives spread out. */
function schemasAt(root: JsonSchema, path: KeyPath): JsonSchema[] {
  let nodes = spread(root, root, 0);
  for (const segment of path) {
    nodes = nodes.flatMap((node) => step(node, String(segment)).flatMap((child) => spread(root, child, 0)));
  }
  return nodes;
}

function spread(root: JsonSchema, node: JsonSchema, depth: number): JsonSchema[] {
  if (depth > 16) return [];
  const reference = node['$ref'];
  if (typeof reference === 'string' && reference.startsWith('#')) {
    const target = reference
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => asSchema(at)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
    const schema = asSchema(target);
    return schema ? spread(root, schema, depth + 1) : [];
  }
  const branches = ['anyOf', 'oneOf', 'allOf']
    .flatMap((word) => (Array.isArray(node[word]) ? (node[word] as unknown[]) : []))
    .map(asSchema)
    .filter((branch) => branch !== undefined);
  const own = node['properties'] !== undefined || branches.length === 0 ? [node] : [];
  return [...own, ...branches.flatMap((branch) => spread(root, branch, depth + 1))];
}

function step(node: JsonSchema, key: string): JsonSchema[] {
  const properties = asSchema(node['properties']);
  if (properties && Object.hasOwn(properties, key)) return [asSchema(properties[key]) ?? {}];
  return [node['items'], node['additionalProperties']].map(asSchema).filter((child) => child !== undefined);
}

function asSchema(value: unknown): JsonSchema | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonSchema)
    : undefined;
}
