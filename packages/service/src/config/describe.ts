import { formatKey } from './key-path.ts';
import { outputLeaves } from './leaves.ts';
import type { LoadedConfig } from './load.ts';
import { looksSecret, maskUrlPasswords } from './masking.ts';
import { secretMask } from './secret-registry.ts';
import type { Origin } from './types.ts';

export interface ConfigRow {
  readonly key: string;
  /** As JSON would have it; a string or number that must not be shown is `***`. */
  readonly value: unknown;
  readonly masked: boolean;
  readonly origin: Origin;
}

/** One row for each value, for the `config` command. Nothing in a row is secret. */
export function describeConfig(
  config: Pick<LoadedConfig<unknown>, 'value' | 'origins' | 'secrets'>,
): ConfigRow[] {
  return [...outputLeaves(config.value)].map(({ path, value }) => {
    const key = formatKey(path);
    const origin = config.origins.get(key) ?? { kind: 'default' };
    const shown = showable(value);
    const isSecret =
      origin.kind === 'secret' || (looksSecret(path) && shown !== null && typeof shown !== 'boolean');
    if (isSecret && !isEmpty(shown)) return { key, value: secretMask, masked: true, origin };
    const text = typeof shown === 'string' ? config.secrets.mask(maskUrlPasswords(shown)) : shown;
    return { key, value: text, masked: text !== shown, origin };
  });
}

/** An empty map or list under a secret key gives nothing away. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function showable(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return `[${typeof value}]`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map || value instanceof Set) return `[${value.constructor.name} of ${value.size}]`;
  try {
    const json = JSON.stringify(value);
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && Object.keys(parsed).length > 0 ? json : parsed;
  } catch {
    return `[${value.constructor?.name ?? 'object'}]`;
  }
}
