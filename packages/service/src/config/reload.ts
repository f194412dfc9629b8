import type { StandardSchemaV1 } from '@standard-schema/spec';
import { formatKey } from './key-path.ts';
import { isPlainObject } from './leaves.ts';
import { loadConfig, type InvalidConfig, type LoadConfigOptions, type LoadedConfig } from './load.ts';
import type { KeySegment } from './types.ts';

export type ReloadResult<Value> =
  | {
      readonly ok: true;
      /** Goes into the next reload. */
      readonly config: LoadedConfig<Value>;
      readonly value: Value;
      /** Keys whose value is new, gone or another; empty when nothing changed. */
      readonly changed: readonly string[];
    }
  | (InvalidConfig & {
      /** The one from before, which stays in force. */
      readonly config: LoadedConfig<Value>;
    });

/** Loads again. A new configuration with problems changes nothing. Secrets of both stay masked. */
export async function reloadConfig<Schema extends StandardSchemaV1>(
  current: LoadedConfig<StandardSchemaV1.InferOutput<Schema>>,
  options: LoadConfigOptions<Schema>,
): Promise<ReloadResult<StandardSchemaV1.InferOutput<Schema>>> {
  const next = await loadConfig({ ...options, secrets: current.secrets });
  if (!next.ok) return { ...next, config: current };
  return { ok: true, config: next, value: next.value, changed: changedKeys(current.value, next.value) };
}

/** The deepest keys where two configurations differ; a list whose length changed is one key. */
export function changedKeys(before: unknown, after: unknown): string[] {
  return [...differences(before, after, [])].map(formatKey);
}

function* differences(
  before: unknown,
  after: unknown,
  path: readonly KeySegment[],
): Generator<readonly KeySegment[]> {
  // Loaded here, because a start has no use for it.
  const { isDeepStrictEqual } = process.getBuiltinModule('node:util');
  if (isDeepStrictEqual(before, after)) return;
  if (isPlainObject(before) && isPlainObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* differences(before[key], after[key], [...path, key]);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) yield* differences(item, after[index], [...path, index]);
  } else yield path;
}
