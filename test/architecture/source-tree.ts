import { glob, readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';

/** One `import`, `export … from`, dynamic `import()` or `require()`. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type`: gone at run time. */
  readonly isType: boolean;
}

export interface SourceFile {
  /** Relative to the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** The part of a package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Files by path: a checkout, or what a test makes up. */
export type Texts = Readonly<Record<string, string>>;

export interface SourceTree {
  /** TypeScript of every package's `src`. */
  readonly sources: readonly SourceFile[];
  /** By the folder's name under `packages/`. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ');

/** Blanks comments and keeps the lines: code in an `@example` imports nothing. */
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*\*?\s[\s\S]*?\*\//g, blank).replaceAll(/(?<=^|[\s;{}])\/\/.*$/gm, blank);
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*,\s{}]+?\sfrom\s*)?['"]([^'"\n]+)['"]/gm;
const call = /\b(?:import|require)(\()\s*['"]([^'"\n]+)['"]/g;

const isOpen = (text: string, quote: string) => text.split(quote).length % 2 === 0;

/** Whether a place is inside a template literal or a string: code there is what the file writes, not what it does. */
function isQuoted(code: string, index: number): boolean {
  const before = code.slice(0, index);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return isOpen(before, '`') || isOpen(line, '"') || isOpen(line, "'");
}

/** What a file imports. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  return [...code.matchAll(statement), ...code.matchAll(call)]
    .filter(({ index }) => !isQuoted(code, index))
    .map((match) => ({
      specifier: String(match[2]),
      line: code.slice(0, match.index + match[0].length).split('\n').length,
      isType: match[1]?.startsWith('type') ?? false,
    }));
}

export function treeOf(texts: Texts): SourceTree {
  const manifests = new Map<string, Manifest>();
  const sources: SourceFile[] = [];
  for (const [path, text] of Object.entries(texts)) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder !== undefined) {
      const { name, dependencies = {} } = JSON.parse(text) as {
        name: string;
        dependencies?: Record<string, string>;
      };
      manifests.set(folder, { name, dependencies });
    } else {
      sources.push({ path, text, imports: importsOf(text) });
    }
  }
  return { sources, manifests };
}

/** Reads the packages of a checkout. */
export async function readTexts(root: string): Promise<Texts> {
  const texts: Record<string, string> = {};
  const places = ['packages/*/package.json', 'packages/*/src/**/*.{ts,tsx}'];
  for await (const path of glob(places, { cwd: root, exclude: ['**/node_modules/**'] })) {
    texts[path.replaceAll('\\', '/')] = await readFile(join(root, path), 'utf8');
  }
  return texts;
}

/** The folder under `packages/` that a file is in. */
export function packageOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** The file that a relative import names. */
export function resolveImport(from: string, specifier: string): string {
  return posix.join(dirname(from), specifier);
}
