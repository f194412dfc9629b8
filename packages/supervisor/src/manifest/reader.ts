import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';

import type { ManifestLanguage, ManifestProblem } from './types.ts';

/** One key of a map, with its value. */
export interface Entry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/** Reads values out of YAML nodes, and collects what is wrong with them by line and column. */
export class ManifestReader {
  readonly problems: ManifestProblem[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;
  readonly #language: ManifestLanguage;

  constructor(text: string, language: ManifestLanguage) {
    this.#language = language;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      version: '1.2',
      merge: true,
      stringKeys: true,
      // Seen in `map`, which can say which key it is, and does not keep the other problems from being found.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    for (const error of [...this.#document.errors, ...this.#document.warnings])
      this.#add(error.pos[0], `Not valid YAML: ${(error.message.split('\n')[0] ?? '').replace(/\.$/, '')}`);
  }

  get root(): Node | null {
    return this.#document.contents;
  }

  problem(node: Node | null, message: string): void {
    this.#add(node?.range?.[0] ?? 0, message);
  }

  position(node: Node | null): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(node?.range?.[0] ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** The entries of a map; anything else is a problem. */
  map(node: Node | null, what: string, at: Node | null = node): readonly Entry[] | undefined {
    const found = this.resolve(node);
    if (!isMap(found)) {
      this.problem(found ?? at, `${what} must be a map of keys and values`);
      return undefined;
    }
    const entries = found.items.map((pair: Pair) => {
      const keyNode = pair.key as Node;
      return {
        key: isScalar(keyNode) ? String(keyNode.value) : String(keyNode),
        keyNode,
        value: pair.value as Node | null,
      };
    });
    for (const [index, { key, keyNode: again }] of entries.entries()) {
      const first = entries.findIndex((entry) => entry.key === key);
      if (first === index) continue;
      const { line } = this.position(entries[first]?.keyNode ?? null);
      this.problem(again, `The key "${key}" is given twice in ${what}; the first is in line ${line}`);
    }
    return entries;
  }

  /** Text with its placeholders replaced; numbers and booleans as they are written. */
  text(node: Node | null, what: string, at: Node | null = node): string | undefined {
    const found = this.resolve(node);
    if (!isScalar(found) || found.value === null || typeof found.value === 'object') {
      this.problem(found ?? at, `${what} must be text`);
      return undefined;
    }
    const written =
      typeof found.value === 'string' ? found.value : (found.source ?? JSON.stringify(found.value));
    const expanded = this.#language.expand(written);
    if (expanded.ok) return expanded.text;
    this.problem(found, `${what}: ${expanded.message}`);
    return undefined;
  }

  unknownKey(entry: Entry, where: string, known: readonly string[]): void {
    const hint = this.#language.didYouMean(entry.key, known) || `; known are ${known.join(', ')}`;
    this.problem(entry.keyNode, `Unknown key "${entry.key}" in ${where}${hint}`);
  }

  /** What an alias stands for. */
  resolve(node: Node | null): Node | null {
    if (node && 'source' in node && 'resolve' in node && typeof node.resolve === 'function')
      return (node.resolve(this.#document) as Node | undefined) ?? null;
    return node;
  }

  #add(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ line: Math.max(1, line), column: Math.max(1, col), message });
  }
}
