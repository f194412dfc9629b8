import { parseJson } from './json.ts';
import type { ConfigNode, ScalarValue } from './tree.ts';

/**
 * The YAML 1.2 core schema's reading of an unquoted scalar (yaml.org/spec/1.2.2, 10.3.2): `no`, `on` and dates are
 * strings, `007` is 7.
 */
export function typeScalar(text: string): ScalarValue {
  if (/^(|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?\d+$/.test(text)) return Number(text);
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^\.(nan|NaN|NAN)$/.test(text)) return NaN;
  return text;
}

/**
 * What a text from outside may mean, the likeliest first; the schema takes the first that it accepts:
 * 1. the typed scalar, if writing it gives the same text again (`8080`, `true`, not `007` or `1e3`);
 * 2. the text;
 * 3. the typed scalar otherwise;
 * 4. a JSON list or map;
 * 5. a list of the parts between commas, typed one by one, then as texts.
 */
export function readingsOfText(text: string): readonly unknown[] {
  const typed = typeScalar(text);
  const readings: unknown[] = [];
  if (typeof typed !== 'string' && String(typed) === text) readings.push(typed);
  readings.push(text);
  if (typeof typed !== 'string' && String(typed) !== text) readings.push(typed);
  if (/^\s*[[{]/.test(text)) {
    const parsed = parseJson(text, () => ({ kind: 'env' }));
    if (parsed.node && parsed.node.type !== 'scalar') readings.push(plainValue(parsed.node));
  }
  const items = text === '' ? [] : text.split(',').map((item) => item.trim());
  const typedItems = items.map((item) => {
    const value = typeScalar(item);
    return String(value) === item ? value : item;
  });
  if (typedItems.some((item) => typeof item !== 'string')) readings.push(typedItems);
  readings.push(items);
  return readings;
}

/** As `readingsOfText`, for a secret: the text first, so that a password of digits stays one. */
export function readingsOfSecret(text: string): readonly unknown[] {
  const typed = typeScalar(text);
  return typeof typed === 'string' ? [text] : [text, typed];
}

/** A tree as a JavaScript value, without regard to styles. */
export function plainValue(node: ConfigNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, child]) => [key, plainValue(child)]));
}
