import { isUnknownToSchema, schemaKeys } from './key-hints.ts';
import { formatKey } from './key-path.ts';
import { isPlainObject } from './leaves.ts';
import { didYouMean } from './suggest.ts';
import { nodeAt, type ConfigNode } from './tree.ts';
import type { ConfigProblem, KeySegment } from './types.ts';

type JsonSchema = Record<string, unknown>;

/** For a configuration with problems, where there is no output: keys that the schema does not have. */
export function keysOutsideSchema(
  input: unknown,
  tree: ConfigNode,
  jsonSchema: () => JsonSchema | undefined,
): ConfigProblem[] {
  const schema = jsonSchema();
  if (!schema) return [];
  const warnings: ConfigProblem[] = [];
  const visit = (given: unknown, path: readonly KeySegment[]): void => {
    if (Array.isArray(given)) for (const [index, item] of given.entries()) visit(item, [...path, index]);
    if (!isPlainObject(given)) return;
    for (const [key, value] of Object.entries(given)) {
      const inner = [...path, key];
      if (isUnknownToSchema(schema, inner)) warnings.push(warningOf(inner, schemaKeys(schema, path), tree));
      else visit(value, inner);
    }
  };
  visit(input, []);
  return warnings;
}

function warningOf(
  path: readonly KeySegment[],
  candidates: Iterable<string>,
  tree: ConfigNode,
): ConfigProblem {
  const near = didYouMean(String(path.at(-1)), candidates);
  const node = nodeAt(tree, path);
  return {
    code: 'CONFIG_UNKNOWN_KEY',
    message: `Unknown key, which is ignored${near || '; correct its spelling or remove it'}`,
    key: formatKey(path),
    ...(node && { origin: node.origin }),
  };
}

/**
 * Keys that the validator silently dropped: in the input, not in the output, and not in the schema where that can be
 * read. A validator that keeps unknown keys is taken at its word.
 */
export function unknownKeyWarnings(
  input: unknown,
  output: unknown,
  tree: ConfigNode,
  jsonSchema: () => JsonSchema | undefined,
): ConfigProblem[] {
  const warnings: ConfigProblem[] = [];
  const visit = (given: unknown, kept: unknown, path: readonly KeySegment[]): void => {
    if (Array.isArray(given) && Array.isArray(kept)) {
      for (const [index, item] of given.entries()) visit(item, kept[index], [...path, index]);
    }
    if (!isPlainObject(given) || !isPlainObject(kept)) return;
    for (const [key, value] of Object.entries(given)) {
      const inner = [...path, key];
      if (Object.hasOwn(kept, key)) {
        visit(value, kept[key], inner);
        continue;
      }
      const schema = jsonSchema();
      if (schema && !isUnknownToSchema(schema, inner)) continue;
      warnings.push(warningOf(inner, new Set([...schemaKeys(schema, path), ...Object.keys(kept)]), tree));
    }
  };
  visit(input, output, []);
  return warnings;
}
