import type { PlannedDifference } from '../supervisor/types.ts';
import type { Written } from './as-written.ts';
import { looksSecret, mask, maskUrlPasswords } from './masking.ts';

type Block = { readonly [key: string]: Written | undefined };

/** The keys in which two blocks differ, as deep as both have them. */
export function differencesBetween(before: Block, after: Block, path = ''): readonly PlannedDifference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [old, now] = [valueOf(before, key), valueOf(after, key)];
    const name = path === '' ? key : `${path}.${key}`;
    if (isBlock(old) && isBlock(now)) return differencesBetween(old, now, name);
    if (canonical(old) === canonical(now)) return [];
    return [{ path: name, before: shown(key, old), after: shown(key, now) }];
  });
}

/** Keys such as `constructor` are names of variables, not of Object's own. */
function valueOf(block: Block, key: string): Written | undefined {
  return Object.hasOwn(block, key) ? block[key] : undefined;
}

function isBlock(value: Written | undefined): value is Block {
  return typeof value === 'object' && !isList(value);
}

/** Array.isArray does not know readonly arrays. */
function isList(value: Written | undefined): value is readonly Written[] {
  return Array.isArray(value);
}

/** The same for values that mean the same: what is not set does not count, nor does the order of keys. */
function canonical(value: Written | undefined): string {
  if (value === undefined) return '';
  if (isList(value)) return `[${value.map(canonical).join()}]`;
  if (!isBlock(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${entries
    .map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join()}}`;
}

/** One line, as YAML's flow style has it; secrets masked. A value by itself is quoted only when it could not be seen. */
function shown(key: string, value: Written | undefined, isAlone = true): string | undefined {
  if (value === undefined) return undefined;
  if (isList(value)) return `[${value.map((item) => shown('', item, false)).join(', ')}]`;
  if (isBlock(value)) {
    const parts = Object.entries(value).flatMap(([name, part]) =>
      part === undefined ? [] : [`${name}: ${shown(name, part, false)}`],
    );
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
  if (looksSecret(key)) return mask;
  const text = maskUrlPasswords(String(value));
  const isClear = isAlone ? /^\S(.*\S)?$/.test(text) : /^[^\s,[\]{}"]+$/.test(text);
  return isClear ? text : JSON.stringify(text);
}
