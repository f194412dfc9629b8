import type { ConfigProblemCode } from './errors.ts';
import { lineIndex } from './positions.ts';
import type { ConfigNode } from './tree.ts';
import type { ConfigProblem, Origin } from './types.ts';

export interface ParsedDocument {
  /** Absent when there are problems. */
  readonly node?: ConfigNode;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Levels of maps and lists, at most. */
export const maxDocumentDepth = 100;

class JsonError extends Error {
  readonly code: ConfigProblemCode;
  readonly offset: number;

  constructor(code: ConfigProblemCode, offset: number, message: string) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/**
 * JSON (RFC 8259) with a position for each value; `JSON.parse` has none. Strict: no comments, no trailing commas, and
 * a key given twice is an error. `originAt` makes the origin of the value at an offset. Messages never hold values.
 */
export function parseJson(text: string, originAt: (line: number, column: number) => Origin): ParsedDocument {
  const position = lineIndex(text);
  const origin = (offset: number): Origin => {
    const { line, column } = position(offset);
    return originAt(line, column);
  };
  try {
    return { node: new JsonReader(text, origin).document(), problems: [], warnings: [] };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return {
      problems: [{ code: error.code, message: error.message, origin: origin(error.offset) }],
      warnings: [],
    };
  }
}

class JsonReader {
  readonly #text: string;
  readonly #origin: (offset: number) => Origin;
  #at = 0;

  constructor(text: string, origin: (offset: number) => Origin) {
    this.#text = text;
    this.#origin = origin;
  }

  document(): ConfigNode {
    const node = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#syntax('Text after the end of the JSON value');
    return node;
  }

  #syntax(message: string, offset = this.#at): JsonError {
    return new JsonError('CONFIG_SYNTAX', offset, message);
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '-')) this.#at += 1;
  }

  #take(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(depth: number): ConfigNode {
    this.#space();
    if (depth > maxDocumentDepth) {
      throw new JsonError('CONFIG_TOO_COMPLEX', this.#at, `Nested more than ${maxDocumentDepth} deep`);
    }
    const start = this.#at;
    if (this.#take('{')) return this.#map(start, depth);
    if (this.#take('[')) return this.#list(start, depth);
    if (this.#text[start] === '"') {
      const value = this.#string();
      const raw = this.#text.slice(start, this.#at);
      return { type: 'scalar', value, style: 'data', origin: this.#origin(start), raw };
    }
    const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    literal.lastIndex = start;
    const match = literal.exec(this.#text)?.[0];
    if (match === undefined || /[\w.]/.test(this.#text[start + match.length] ?? '')) {
      throw this.#syntax(start === this.#text.length ? 'JSON ends where a value is due' : 'Not a JSON value');
    }
    this.#at += match.length;
    const value = JSON.parse(match) as number | boolean | null;
    return { type: 'scalar', value, style: 'data', origin: this.#origin(start), raw: match };
  }

  #map(start: number, depth: number): ConfigNode {
    const entries = new Map<string, ConfigNode>();
    if (!this.#take('}')) {
      do {
        this.#space();
        const at = this.#at;
        if (this.#text[at] !== '"') throw this.#syntax('Expected a key in double quotes');
        const key = this.#string();
        if (key === '__proto__') {
          throw new JsonError('CONFIG_FORBIDDEN_KEY', at, 'The key __proto__ is not allowed; rename it');
        }
        if (entries.has(key)) {
          throw new JsonError(
            'CONFIG_DUPLICATE_KEY',
            at,
            `Key ${JSON.stringify(key)} is given twice in one map`,
          );
        }
        if (!this.#take(':')) throw this.#syntax('Expected a colon after the key');
        entries.set(key, this.#value(depth + 1));
      } while (this.#take(','));
      if (!this.#take('}')) throw this.#syntax('Expected a comma or a closing brace');
    }
    return { type: 'map', entries, origin: this.#origin(start) };
  }

  #list(start: number, depth: number): ConfigNode {
    const items: ConfigNode[] = [];
    if (!this.#take(']')) {
      do items.push(this.#value(depth + 1));
      while (this.#take(','));
      if (!this.#take(']')) throw this.#syntax('Expected a comma or a closing bracket');
    }
    return { type: 'list', items, origin: this.#origin(start) };
  }

  #string(): string {
    const start = this.#at;
    // oxlint-disable-next-line no-control-regex -- RFC 8259, section 7: they must be escaped
    const pattern = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
    pattern.lastIndex = start;
    const match = pattern.exec(this.#text)?.[0];
    if (match === undefined) {
      throw this.#syntax('String is not closed, or holds a control character or an unknown escape', start);
    }
    this.#at += match.length;
    return JSON.parse(match) as string;
  }
}
