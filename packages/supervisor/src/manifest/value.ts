import { formatDuration, formatSize, messageOf, parseDuration, parseSize } from '@mainstay/core';
import type { Node } from 'yaml';

import type { ManifestReader } from './reader.ts';

/** Inclusive bounds. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

type Handlers = Readonly<Record<string, (value: Value) => void>>;

/**
 * A value of the manifest that is being read, and where it is. Each reader returns undefined for what it cannot read,
 * after it has noted the problem: the caller goes on with a default, so that all problems are found at once.
 */
export class Value {
  readonly path: string;
  readonly #reader: ManifestReader;
  readonly #node: Node | null;
  readonly #keyNode: Node | null;
  /** Read once, so that its problems are told once. */
  #fields: ReadonlyMap<string, Value> | undefined;

  constructor(reader: ManifestReader, path: string, node: Node | null, keyNode: Node | null) {
    this.#reader = reader;
    this.path = path;
    this.#node = node;
    this.#keyNode = keyNode;
    if (path !== '') reader.positions.set(path, reader.position(keyNode ?? node));
  }

  get isMap(): boolean {
    return this.#reader.entries(this.#node) !== undefined;
  }

  get isList(): boolean {
    return this.#reader.items(this.#node) !== undefined;
  }

  /** True when it is this text as written; for words such as `none`. */
  is(text: string): boolean {
    return this.#reader.written(this.#node) === text;
  }

  /** Notes a problem at the value; `message` goes on after the path: `must be …`. */
  refuse(message: string): undefined {
    this.#reader.problem(this.#at, `${this.#name} ${message}`);
    return undefined;
  }

  /** Notes a problem at the value that somebody else has put into words. */
  fail(message: string): undefined {
    this.#reader.problem(this.#at, `${this.#name}: ${message}`);
    return undefined;
  }

  /** Notes a problem at the key. */
  refuseKey(message: string): undefined {
    this.#reader.problem(this.#keyNode ?? this.#at, message);
    return undefined;
  }

  warn(message: string): void {
    this.#reader.warning(this.#at, `${this.#name} ${message}`);
  }

  didYouMean(word: string, candidates: readonly string[]): string {
    return this.#reader.language.didYouMean(word, candidates);
  }

  /** Reads a map with the handler of each key; unknown keys and those given twice are problems. */
  block(handlers: Handlers): boolean {
    const fields = this.fields();
    if (!fields) return false;
    const known = Object.keys(handlers);
    for (const [key, value] of fields) {
      const handler = Object.hasOwn(handlers, key) ? handlers[key] : undefined;
      if (handler) handler(value);
      else {
        const hint = this.didYouMean(key, known) || `; known are ${known.join(', ')}`;
        value.refuseKey(`Unknown key "${key}" in ${this.#name}${hint}`);
      }
    }
    return true;
  }

  /** The keys of a map and their values, each key once. */
  fields(): ReadonlyMap<string, Value> | undefined {
    this.#fields ??= this.#readFields();
    return this.#fields;
  }

  #readFields(): ReadonlyMap<string, Value> | undefined {
    const entries = this.#reader.entries(this.#node);
    if (!entries) return this.refuse('must be a map of keys and values');
    const fields = new Map<string, Value>();
    for (const { key, keyNode, value } of entries) {
      const path = this.path === '' ? key : `${this.path}.${key}`;
      const first = entries.find((entry) => entry.key === key);
      if (first && first.keyNode !== keyNode) {
        const { line } = this.#reader.position(first.keyNode);
        this.#reader.problem(
          keyNode,
          `The key "${key}" is given twice in ${this.#name}; the first is in line ${line}`,
        );
      } else fields.set(key, new Value(this.#reader, path, value, keyNode));
    }
    return fields;
  }

  /** The items of a list; one that is no list is refused with `example`. */
  items(example: string): readonly Value[] | undefined {
    const items = this.#reader.items(this.#node);
    if (!items) return this.refuse(`must be a list, such as ${example}`);
    return items.map((item, index) => new Value(this.#reader, `${this.path}.${index}`, item, null));
  }

  /** A list, or one item without brackets. */
  oneOrMore(): readonly Value[] {
    return this.isList ? (this.items('') ?? []) : [this];
  }

  /** Text with its placeholders replaced; numbers and booleans as they are written. */
  text(options: { readonly mayBeEmpty?: boolean } = {}): string | undefined {
    const written = this.#reader.written(this.#node);
    if (written === undefined) return this.refuse('must be text');
    const expanded = this.#reader.language.expand(written);
    if (!expanded.ok) return this.fail(expanded.message);
    if (expanded.text.includes('\0')) return this.refuse('holds a NUL character');
    if (expanded.text === '' && options.mayBeEmpty !== true) return this.refuse('is empty');
    return expanded.text;
  }

  /** Texts of a list. */
  texts(example: string, options: { readonly mayBeEmpty?: boolean } = {}): readonly string[] | undefined {
    return this.items(example)?.flatMap((item) => item.text(options) ?? []);
  }

  /** A command line: a list whose first item is the program. */
  command(): readonly [string, ...string[]] | undefined {
    const written = this.#reader.written(this.#node);
    if (written !== undefined) {
      const words = written.trim().split(/\s+/);
      return this.refuse(`must be a list; write ${JSON.stringify(words)}, which no shell takes apart`);
    }
    const [first, ...rest] = this.items('["python3", "worker.py"]') ?? [];
    if (!first) return this.isList ? this.refuse('is empty; its first item is the program') : undefined;
    const command = first.text();
    const args = rest.map((item) => item.text({ mayBeEmpty: true }));
    if (command === undefined || args.includes(undefined)) return undefined;
    return [command, ...args.filter((text) => text !== undefined)];
  }

  oneOf<const Word extends string>(words: readonly Word[]): Word | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const found = words.find((word) => word === text);
    return found ?? this.refuse(`is "${text}"${this.didYouMean(text, words) || `; use ${words.join(', ')}`}`);
  }

  flag(): boolean | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'false') return text === 'true';
    return this.refuse(`is "${text}"; write true or false`);
  }

  /** A whole number. */
  integer({ min, max }: Bounds): number | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    return this.refuse(`is "${text}"; write a whole number from ${min} to ${max}`);
  }

  /** Milliseconds. A number needs its unit: a bare one is milliseconds to some programs and seconds to others. */
  duration({ min, max }: Bounds): number | undefined {
    const text = this.text();
    return text === undefined ? undefined : this.readDuration(text, { min, max });
  }

  /** The same for a part of this value's text. */
  readDuration(text: string, { min, max }: Bounds): number | undefined {
    if (/^\d+(\.\d+)?$/.test(text) && Number(text) !== 0)
      return this.refuse(`is "${text}"; add the unit: ${text}s or ${text}ms`);
    return this.#quantity(text, parseDuration, formatDuration, { min, max });
  }

  /** Bytes. */
  size({ min, max }: Bounds): number | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    if (/^\d+(\.\d+)?$/.test(text) && Number(text) !== 0)
      return this.refuse(`is "${text}"; add the unit: ${text}MB or ${text}MiB`);
    return this.#quantity(text, parseSize, formatSize, { min, max });
  }

  #quantity(
    text: string,
    parse: (text: string) => number,
    format: (number: number) => string,
    { min, max }: Bounds,
  ): number | undefined {
    let number: number;
    try {
      number = Math.round(parse(text));
    } catch (error) {
      return this.fail(messageOf(error));
    }
    if (number < min) return this.refuse(`is "${text}"; the least is ${format(min)}`);
    if (number > max) return this.refuse(`is "${text}"; the most is ${format(max)}`);
    return number;
  }

  /** The value, or its key when there is nothing. */
  get #at(): Node | null {
    const found = this.#reader.resolve(this.#node);
    const isNothing = !found?.range || found.range[0] === found.range[1];
    return isNothing ? (this.#keyNode ?? found) : found;
  }

  get #name(): string {
    return this.path === '' ? 'mainstay.yaml' : this.path;
  }
}
