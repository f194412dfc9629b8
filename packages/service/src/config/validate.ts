import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Leaf, ResolvedTree } from './resolve.ts';
import type { ConfigNode } from './tree.ts';
import type { KeyPath, KeySegment } from './types.ts';

export interface Issue {
  readonly message: string;
  readonly path: KeyPath;
  /** Keys that the validator names as not recognised (zod). */
  readonly unknownKeys: readonly string[];
}

export interface Validated {
  /** What was validated at last. */
  readonly input: unknown;
  readonly output: unknown;
  /** Empty when the output is valid. */
  readonly issues: readonly Issue[];
}

/** Combinations tried for an issue that names only a common ancestor of several values, at most. */
const maxCombinations = 64;

/**
 * Validates with the reading of each text that the schema accepts: starts with the likeliest of each, and where the
 * schema objects to a value moves that one on to its next reading. Values that run out go back to their first, whose
 * message is the one to show.
 */
export async function validateTree(schema: StandardSchemaV1, tree: ResolvedTree): Promise<Validated> {
  const choice = new Map<Leaf, number>();
  const open = [...tree.leaves.values()].filter((leaf) => leaf.readings.length > 1);
  const run = async (): Promise<Validated> => {
    const input = build(tree.root, tree.leaves, choice);
    const result = await schema['~standard'].validate(input);
    return result.issues
      ? { input, output: undefined, issues: result.issues.map(toIssue) }
      : { input, output: result.value, issues: [] };
  };

  let result = await run();
  for (;;) {
    const blamed = open.filter((leaf) => result.issues.some((issue) => startsWith(issue.path, leaf.path)));
    const movable = blamed.filter((leaf) => (choice.get(leaf) ?? 0) + 1 < leaf.readings.length);
    if (movable.length === 0) {
      if (blamed.length > 0) {
        for (const leaf of blamed) choice.delete(leaf);
        result = await run();
      }
      break;
    }
    for (const leaf of movable) choice.set(leaf, (choice.get(leaf) ?? 0) + 1);
    result = await run();
  }

  // Unions report at their own path: try the values below it together.
  for (const issue of result.issues) {
    const below = open.filter(
      (leaf) => leaf.path.length > issue.path.length && startsWith(leaf.path, issue.path),
    );
    const saved = new Map(choice);
    let solved = false;
    for (let attempt = 1; attempt < maxCombinations && !solved && below.length > 0; attempt += 1) {
      if (!chooseCombination(below, attempt, choice)) break;
      const tried = await run();
      solved = tried.issues.length < result.issues.length;
      if (solved) result = tried;
    }
    if (solved) continue;
    choice.clear();
    for (const [leaf, index] of saved) choice.set(leaf, index);
  }
  return result;
}

/** Counts through the readings like an odometer; false when the number is past the last combination. */
function chooseCombination(leaves: readonly Leaf[], number: number, choice: Map<Leaf, number>): boolean {
  let rest = number;
  for (const leaf of leaves) {
    choice.set(leaf, rest % leaf.readings.length);
    rest = Math.floor(rest / leaf.readings.length);
  }
  return rest === 0;
}

function build(node: ConfigNode, leaves: ResolvedTree['leaves'], choice: ReadonlyMap<Leaf, number>): unknown {
  if (node.type === 'list') return node.items.map((item) => build(item, leaves, choice));
  if (node.type === 'map') {
    const out: Record<string, unknown> = {};
    for (const [key, child] of node.entries) {
      const value = build(child, leaves, choice);
      if (value !== undefined) out[key] = value;
    }
    return out;
  }
  const leaf = leaves.get(node);
  const reading = leaf ? leaf.readings[choice.get(leaf) ?? 0] : node.value;
  // A validator may keep or change what it is given, so that a list made of a text is copied for each attempt.
  return typeof reading === 'object' && reading !== null ? structuredClone(reading) : reading;
}

function toIssue(issue: StandardSchemaV1.Issue): Issue {
  const path = (issue.path ?? []).map((part): KeySegment => {
    const key = typeof part === 'object' ? part.key : part;
    return typeof key === 'number' ? key : String(key);
  });
  const keys = (issue as { keys?: unknown }).keys;
  const unknownKeys = Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  return { message: issue.message, path, unknownKeys };
}

/** True when `path` is `prefix` or goes on from it. */
export function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return (
    prefix.length <= path.length && prefix.every((segment, index) => String(segment) === String(path[index]))
  );
}
