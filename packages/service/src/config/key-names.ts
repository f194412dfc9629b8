import type { KeyHints } from './key-hints.ts';
import { listIndex } from './tree.ts';
import type { KeyPath } from './types.ts';

/** `orders-api` → `ORDERS_API`, the prefix of its environment variables. */
export function envPrefix(serviceName: string): string {
  return serviceName
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
}

/** `['http', 'maxBodySize']` of `orders-api` → `ORDERS_API_HTTP__MAX_BODY_SIZE`. */
export function envName(serviceName: string, path: KeyPath): string {
  return `${envPrefix(serviceName)}_${path.map((key) => envPrefix(String(key))).join('__')}`;
}

/** The words of a key: `maxBodySize`, `max_body_size` and `MAX-BODY-SIZE` have the same. */
export function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

function fold(key: string): string {
  return key.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

export interface MappedKey {
  readonly path: readonly string[];
  /** False when the schema is known and has no such key. */
  readonly known: boolean;
}

/**
 * The key that `A_B__C` means. Each part between double underscores is compared, without regard to case, `_` and `-`,
 * with the keys of the lower layers and of the schema; a part that none of them has becomes camelCase.
 */
export function keyOfVariable(rest: string, hints: KeyHints): MappedKey | undefined {
  const parts = rest.split('__');
  if (parts.some((part) => fold(part) === '')) return undefined;
  const path: string[] = [];
  let known = true;
  for (const part of parts) {
    const match = matching(part, hints.givenAt(path)) ?? matching(part, hints.keysAt(path));
    if (match === undefined && listIndex(part) === undefined && hints.isClosedAt(path)) known = false;
    path.push(match ?? camelCase(part));
  }
  return { path, known };
}

function matching(part: string, keys: readonly string[]): string | undefined {
  return keys.find((key) => key === part) ?? keys.find((key) => fold(key) === fold(part));
}

function camelCase(part: string): string {
  return part
    .toLowerCase()
    .split('_')
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}
