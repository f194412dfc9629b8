import { isMap, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml';

import { LineTable } from './line-table.ts';
import type { ManifestLanguage, ManifestPosition, ManifestProblem } from './types.ts';

/** One key of a map, with its value. */
export interface Entry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/** A YAML document with its positions, and what was found wrong in it. */
export class ManifestReader {
  readonly problems: ManifestProblem[] = [];
  readonly warnings: ManifestProblem[] = [];
  /** Where each path of the manifest was read: `services.orders.limits.cpu`. */
  readonly positions = new Map<string, ManifestPosition>();
  readonly language: ManifestLanguage;
  readonly #lines: LineTable;
  readonly #document: Document.Parsed;

  constructor(text: string, language: ManifestLanguage) {
    this.language = language;
    this.#lines = new LineTable(text);
    this.#document = parseDocument(text, {
      version: '1.2',
      merge: true,
      stringKeys: true,
      // Seen in `entries`, which can say which key it is, and does not keep the other problems from being found.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const seen = new Set<number>();
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      // Text that ends too early leaves everything around its end open: the first says what to write there.
      const offset = Math.min(error.pos[0], text.length);
      if (seen.has(offset)) continue;
      seen.add(offset);
      this.#add(offset, `Not valid YAML: ${(error.message.split('\n')[0] ?? '').replace(/\.$/, '')}`);
    }
  }

  get root(): Node | null {
    return this.#document.contents;
  }

  problem(node: Node | null, message: string): void {
    this.#add(node?.range?.[0] ?? 0, message);
  }

  warning(node: Node | null, message: string): void {
    this.warnings.push({ ...this.position(node), message });
  }

  position(node: Node | null): ManifestPosition {
    return this.#lines.position(node?.range?.[0] ?? 0);
  }

  /** The entries of a map, those of its merge keys (`<<`) behind its own; undefined for anything else. */
  entries(node: Node | null): readonly Entry[] | undefined {
    const found = this.resolve(node);
    return isMap(found) ? this.#entriesOf(found, new Set()) : undefined;
  }

  #entriesOf(map: Node, within: ReadonlySet<Node>): Entry[] {
    if (!isMap(map) || within.has(map)) return [];
    const own: Entry[] = [];
    const merged: Entry[] = [];
    for (const { key, value } of map.items) {
      const keyNode = key as Node;
      const name = isScalar(keyNode) ? String(keyNode.value) : String(keyNode);
      if (name !== '<<') {
        own.push({ key: name, keyNode, value: value as Node | null });
        continue;
      }
      const from = this.resolve(value as Node | null);
      const sources = isSeq(from) ? from.items.map((item) => this.resolve(item as Node)) : [from];
      for (const source of sources)
        if (isMap(source)) merged.push(...this.#entriesOf(source, new Set([...within, map])));
        else this.problem(source ?? keyNode, 'The merge key << takes an alias of a map');
    }
    const names = new Set(own.map(({ key }) => key));
    for (const entry of merged)
      if (!names.has(entry.key)) {
        names.add(entry.key);
        own.push(entry);
      }
    return own;
  }

  /** The items of a list; undefined for anything else. */
  items(node: Node | null): readonly (Node | null)[] | undefined {
    const found = this.resolve(node);
    return isSeq(found) ? (found.items as (Node | null)[]) : undefined;
  }

  /** What is written, as text; undefined for maps, lists and nothing. */
  written(node: Node | null): string | undefined {
    const found = this.resolve(node);
    if (!isScalar(found) || found.value === null || typeof found.value === 'object') return undefined;
    return typeof found.value === 'string' ? found.value : (found.source ?? JSON.stringify(found.value));
  }

  /** What an alias stands for. */
  resolve(node: Node | null): Node | null {
    if (node && 'source' in node && 'resolve' in node && typeof node.resolve === 'function')
      return (node.resolve(this.#document) as Node | undefined) ?? null;
    return node;
  }

  #add(offset: number, message: string): void {
    this.problems.push({ ...this.#lines.position(offset), message });
  }
}
