import type { Alias, Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { ConfigProblemCode } from './errors.ts';
import { maxDocumentDepth, type ParsedDocument } from './json.ts';
import { lineIndex } from './positions.ts';
import { emptyMap, type ConfigNode, type ScalarNode } from './tree.ts';
import type { ConfigProblem, Origin } from './types.ts';
import type * as YamlLibrary from './yaml-library.ts';

/** Values that a document may expand to when its aliases are followed; "billion laughs" stops here. */
export const maxDocumentValues = 100_000;

/**
 * Own words for the parser's codes: its messages can repeat a value (an unquoted password that starts with `*` is a
 * broken alias), and a message must not.
 */
const syntaxMessages: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'Alias without an anchor before it; quote the value if the * belongs to it',
  BAD_DQ_ESCAPE: 'Unknown escape in a double-quoted string; use single quotes, or \\\\ for a backslash',
  BAD_INDENT: 'Indentation does not fit the lines above',
  BAD_SCALAR_START: 'A plain value cannot start with this character; quote it',
  BLOCK_AS_IMPLICIT_KEY: 'A second colon on one line; quote the value',
  BLOCK_IN_FLOW: 'A block cannot stand within {} or []',
  DUPLICATE_KEY: 'Key is given twice in one map',
  MISSING_CHAR: 'A closing quote, bracket, comma or space is missing',
  MULTILINE_IMPLICIT_KEY: 'A key must be on one line; is a colon missing?',
  MULTIPLE_DOCS: 'More than one document; remove the --- and what follows',
  NON_STRING_KEY: 'A key must be a plain or quoted text',
  RESOURCE_EXHAUSTION: 'Nested too deeply',
  TAB_AS_INDENT: 'Tab in the indentation; use spaces',
  TAG_RESOLVE_FAILED: 'Unknown tag; quote the value if the ! belongs to it',
  UNEXPECTED_TOKEN: 'Unexpected text; a placeholder within {} or [] needs quotes',
};

/** YAML 1.2 core schema with merge keys. Loads the `yaml` package, which is why it is not imported at the top. */
export async function parseYaml(
  text: string,
  originAt: (line: number, column: number) => Origin,
): Promise<ParsedDocument> {
  const yaml = await import('./yaml-library.ts');
  const position = lineIndex(text);
  const origin = (offset: number): Origin => {
    const { line, column } = position(Math.min(offset, text.length));
    return originAt(line, column);
  };
  const tooDeep = deepBracket(text);
  if (tooDeep !== undefined) {
    const message = `Nested more than ${maxDocumentDepth} deep`;
    return { problems: [{ code: 'CONFIG_TOO_COMPLEX', message, origin: origin(tooDeep) }], warnings: [] };
  }
  const document = yaml.parseDocument(text, {
    version: '1.2',
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings]
    .slice(0, maxReported)
    .map((error): ConfigProblem => {
      const code: ConfigProblemCode =
        error.code === 'DUPLICATE_KEY'
          ? 'CONFIG_DUPLICATE_KEY'
          : error.code === 'RESOURCE_EXHAUSTION'
            ? 'CONFIG_TOO_COMPLEX'
            : 'CONFIG_SYNTAX';
      return { code, message: syntaxMessages[error.code] ?? 'Not valid YAML', origin: origin(error.pos[0]) };
    });
  if (problems.length > 0) return { problems, warnings: [] };
  const converter = new Converter(yaml, document, text, origin);
  const node = converter.root();
  return converter.problems.length > 0
    ? { problems: converter.problems, warnings: [] }
    : { node, problems: [], warnings: [] };
}

/** Problems of one file, at most; past that they follow from one another. */
const maxReported = 20;

/** Brackets open at one place, at most; those in quotes count as well, hence far above `maxDocumentDepth`. */
const maxOpenBrackets = 1000;

/** Where too many are open. The parser takes seconds to find out in a file of nothing but brackets. */
function deepBracket(text: string): number | undefined {
  let open = 0;
  for (const match of text.matchAll(/[[{]|[\]}]/g)) {
    open = '[{'.includes(match[0]) ? open + 1 : Math.max(0, open - 1);
    if (open > maxOpenBrackets) return match.index;
  }
  return undefined;
}

interface Converted {
  readonly node: ConfigNode;
  /** Values in it, aliases followed. */
  readonly size: number;
}

class Converter {
  readonly problems: ConfigProblem[] = [];
  readonly #yaml: typeof YamlLibrary;
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #origin: (offset: number) => Origin;
  /** An anchor is known once its node is complete, so that a node cannot hold itself. */
  readonly #anchors = new Map<string, Converted>();

  constructor(
    yaml: typeof YamlLibrary,
    document: Document.Parsed,
    text: string,
    origin: (offset: number) => Origin,
  ) {
    this.#yaml = yaml;
    this.#document = document;
    this.#text = text;
    this.#origin = origin;
  }

  root(): ConfigNode {
    const contents = this.#document.contents;
    return contents === null ? emptyMap(this.#origin(0)) : this.#convert(contents, 0).node;
  }

  #problem(code: ConfigProblemCode, message: string, offset: number): Converted {
    // One report of an expansion that is too large; everything above it is too large as well.
    if (code !== 'CONFIG_TOO_COMPLEX' || !this.problems.some((problem) => problem.code === code)) {
      this.problems.push({ code, message, origin: this.#origin(offset) });
    }
    return { node: emptyMap(this.#origin(offset)), size: 1 };
  }

  #convert(node: Node, depth: number): Converted {
    const offset = node.range?.[0] ?? 0;
    if (depth > maxDocumentDepth) {
      return this.#problem('CONFIG_TOO_COMPLEX', `Nested more than ${maxDocumentDepth} deep`, offset);
    }
    if (this.#yaml.isAlias(node)) return this.#alias(node, offset);
    const converted = this.#collection(node, depth, offset);
    if (converted.size > maxDocumentValues) {
      return this.#problem(
        'CONFIG_TOO_COMPLEX',
        `Expands to more than ${maxDocumentValues} values; use fewer aliases`,
        offset,
      );
    }
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, converted);
    return converted;
  }

  #alias(node: Alias, offset: number): Converted {
    return (
      this.#anchors.get(node.source) ??
      this.#problem('CONFIG_SYNTAX', syntaxMessages['BAD_ALIAS'] ?? '', offset)
    );
  }

  #collection(node: Node, depth: number, offset: number): Converted {
    if (this.#yaml.isMap(node)) return this.#map(node, depth, offset);
    if (this.#yaml.isSeq(node)) {
      const items = node.items.map((item) => this.#convert(item as Node, depth + 1));
      const list = {
        type: 'list',
        items: items.map((item) => item.node),
        origin: this.#origin(offset),
      } as const;
      return { node: list, size: items.reduce((sum, item) => sum + item.size, 1) };
    }
    return { node: this.#scalar(node as Scalar, offset), size: 1 };
  }

  #map(node: YAMLMap, depth: number, offset: number): Converted {
    const own = new Map<string, ConfigNode>();
    const inherited = new Map<string, ConfigNode>();
    let size = 1;
    for (const pair of node.items as Array<Pair<Scalar, Node | null>>) {
      const at = pair.key.range?.[0] ?? offset;
      const value = pair.value ? this.#convert(pair.value, depth + 1) : { node: this.#null(at), size: 1 };
      size += value.size;
      const key = String(pair.key.value);
      if (isMergeKey(pair.key)) this.#inherit(inherited, value.node, at);
      else if (key === '__proto__') {
        this.#problem('CONFIG_FORBIDDEN_KEY', 'The key __proto__ is not allowed; rename it', at);
      } else own.set(key, value.node);
    }
    const entries = new Map([...inherited, ...own]);
    return { node: { type: 'map', entries, origin: this.#origin(offset) }, size };
  }

  /** `<<: *base` or `<<: [*one, *two]`; the first that has a key gives it (yaml.org/type/merge.html). */
  #inherit(into: Map<string, ConfigNode>, value: ConfigNode, offset: number): void {
    const maps = value.type === 'list' ? value.items : [value];
    for (const map of maps) {
      if (map.type !== 'map') {
        this.#problem('CONFIG_SYNTAX', 'A merge key << takes a map or a list of maps', offset);
        continue;
      }
      for (const [key, child] of map.entries) if (!into.has(key)) into.set(key, child);
    }
  }

  #null(offset: number): ScalarNode {
    return { type: 'scalar', value: null, style: 'data', origin: this.#origin(offset) };
  }

  #scalar(node: Scalar, offset: number): ScalarNode {
    const raw = this.#text.slice(offset, node.range?.[1] ?? offset);
    const plain = node.type === 'PLAIN' && node.tag === undefined;
    const value = node.value as ScalarNode['value'];
    return { type: 'scalar', value, style: plain ? 'plain' : 'quoted', origin: this.#origin(offset), raw };
  }
}

function isMergeKey(key: Scalar): boolean {
  if (typeof key.value === 'symbol') return key.value.description === '<<';
  return key.value === '<<' && (key.type === undefined || key.type === 'PLAIN');
}
