import { Document, isMap, type YAMLMap } from 'yaml';

import type { Imported, YamlValue } from './types.ts';

/** The manifest as text, with what was not carried over as comments at its service. */
export function writeManifest({ services }: Imported, source: string): string {
  const document = new Document({
    services: Object.fromEntries(services.map(({ name, keys }) => [name, literal(withoutUnset(keys))])),
  });
  document.commentBefore = ` Made by "mainstay import" from ${comment(source)}; look through it before you use it`;
  const map = document.get('services');
  if (isMap(map))
    for (const [index, { notes }] of services.entries()) {
      const key = (map as YAMLMap<{ commentBefore?: string; spaceBefore?: boolean }>).items[index]?.key;
      if (!key) continue;
      key.spaceBefore = index > 0;
      if (notes.length > 0) key.commentBefore = notes.map((note) => ` NOTE ${comment(note)}`).join('\n');
    }
  return document.toString({ lineWidth: 100, flowCollectionPadding: true });
}

function comment(text: string): string {
  return text.replace(/[^\P{C}]+/gu, ' ');
}

/** Dollars before a brace are doubled: to the manifest `${` begins a placeholder, and here nothing is one. */
function literal(value: YamlValue): YamlValue {
  if (typeof value === 'string') return value.replace(/\$+(?=\{)/g, '$&$&');
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: YamlValue) => literal(item));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (part === undefined ? [] : [[key, literal(part)]])),
  );
}

function withoutUnset(
  keys: Readonly<Record<string, YamlValue | undefined>>,
): Readonly<Record<string, YamlValue>> {
  return Object.fromEntries(
    Object.entries(keys).filter((entry): entry is [string, YamlValue] => entry[1] !== undefined),
  );
}
