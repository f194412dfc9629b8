import { builtinModules } from 'node:module';
import {
  packageOf,
  resolveImport,
  type SourceFile,
  type SourceTree,
  withoutComments,
} from './source-tree.ts';
import { table } from './table.ts';

/** A broken rule: where, and why the rule is there. */
export interface Violation {
  readonly at: string;
  readonly why: string;
}

export type Rule = (tree: SourceTree) => Violation[];

const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier);
const isRelative = (specifier: string) => specifier.startsWith('.');
/** `@scope/name` or `name` of `@scope/name/inner.js`. */
const packageName = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function forEachImport(
  tree: SourceTree,
  check: (specifier: string, file: SourceFile) => string | undefined,
): Violation[] {
  return tree.sources.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const why = check(specifier, file);
      return why === undefined ? [] : [{ at: `${file.path}:${line}`, why: `imports ${specifier}: ${why}` }];
    }),
  );
}

function forEachMatch(
  tree: SourceTree,
  pattern: RegExp,
  why: string,
  isFree: (path: string) => boolean,
): Violation[] {
  return tree.sources
    .filter(({ path }) => !isFree(path))
    .flatMap(({ path, text }) => {
      const code = withoutComments(text);
      return [...code.matchAll(new RegExp(pattern, 'g'))].map((match) => ({
        at: `${path}:${code.slice(0, match.index).split('\n').length}`,
        why: `uses ${match[0]}: ${why}`,
      }));
    });
}

/** Files in a package's `src` that executables are built from. */
const entries: ReadonlySet<string> = new Set(['main.ts', 'executable.ts']);

/** Arrows between packages are those of the table. */
export const layers: Rule = (tree) =>
  forEachImport(tree, (specifier, { path }) => {
    const from = packageOf(path);
    const row = table[from];
    if (!row) return `packages/${from} has no row in test/architecture/table.ts`;
    if (isRelative(specifier)) {
      const to = resolveImport(path, specifier);
      return to.startsWith(`packages/${from}/src/`)
        ? undefined
        : 'it leaves the package; use the other one by its name';
    }
    const to = /^@mainstay\/([^/]+)/.exec(specifier)?.[1];
    if (to === undefined || row.mayImport.includes(to)) return undefined;
    // The builder takes what has a package's name apart into chunks; what an entry imports by path is one.
    if (to === from && entries.has(path.slice(`packages/${from}/src/`.length))) return undefined;
    if (to === from) return 'a package imports its own files by path';
    return `${from} may import ${row.mayImport.join(', ') || 'nothing'}, because ${row.because}`;
  });

const isElsewhere = (path: string) => packageOf(path) !== 'core';

/** `core` is pure. */
export const pureCore: Rule = (tree) => {
  const globals =
    /\b(?:process\.|Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|set(?:Timeout|Interval)\()/;
  return [
    ...forEachImport(tree, (specifier, { path }) =>
      isElsewhere(path) || isRelative(specifier)
        ? undefined
        : 'core runs on virtual time and in a browser, so it imports neither Node nor any library',
    ),
    ...forEachMatch(tree, globals, 'core gets clock, random and process from its caller', isElsewhere),
  ];
};

const isPlatform = (path: string) => packageOf(path) === 'platform';

/** Foreign functions are called in `platform` alone. */
export const foreignFunctions: Rule = (tree) => {
  const why =
    'a wrong signature corrupts memory, so all of them are in packages/platform, under its contract suites';
  return [
    ...forEachImport(tree, (specifier, { path }) =>
      !isPlatform(path) && /^(?:koffi|@koromix\/|(?:node:)?ffi$)/.test(specifier) ? why : undefined,
    ),
    ...forEachMatch(tree, /\bprocess\.dlopen\b/, why, isPlatform),
  ];
};

/** `console` is for the modules that are a command's output. */
export const noConsole: Rule = (tree) =>
  forEachMatch(tree, /\bconsole\.\w+/, "inject a Logger; only a command's output module prints", (path) =>
    /(?:^|\/)output(?:\.ts$|\/)/.test(path),
  );

/** Files do not import one another in a circle; what starts first would depend on who asks first. */
export const noCycles: Rule = (tree) => {
  const edges = new Map(
    tree.sources.map(({ path, imports }) => [
      path,
      imports
        .filter(({ specifier, isType }) => isRelative(specifier) && !isType)
        .map(({ specifier }) => resolveImport(path, specifier)),
    ]),
  );
  const done = new Set<string>();
  const violations: Violation[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      violations.push({
        at: path,
        why: `imports itself by way of ${[...trail.slice(start), path].join(' → ')}`,
      });
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return violations;
};

/** What a package imports it declares, and what it declares it uses. */
export const declaredDependencies: Rule = (tree) => {
  const undeclared = forEachImport(tree, (specifier, { path }) => {
    if (isRelative(specifier) || isBuiltin(specifier)) return undefined;
    // Its own name, which `layers` allows to an entry alone, needs no declaration.
    if (packageName(specifier) === `@mainstay/${packageOf(path)}`) return undefined;
    // By its own name a package can import what it exports (Node: self-referencing a package using its name).
    if (tree.manifests.get(packageOf(path))?.name === packageName(specifier)) return undefined;
    const declared = tree.manifests.get(packageOf(path))?.dependencies ?? {};
    return packageName(specifier) in declared
      ? undefined
      : `packages/${packageOf(path)}/package.json does not declare it, so an install of this package alone lacks it`;
  });
  const unused = [...tree.manifests].flatMap(([folder, { dependencies }]) => {
    const texts = tree.sources.filter(({ path }) => packageOf(path) === folder).map(({ text }) => text);
    return Object.keys(dependencies)
      .filter((name) => !texts.some((text) => text.includes(`'${name}`)))
      .map((name) => ({
        at: `packages/${folder}/package.json`,
        why: `declares ${name}, which its sources do not name: every dependency is weight and risk`,
      }));
  });
  return [...undeclared, ...unused];
};

export const rules: Readonly<Record<string, Rule>> = {
  layers,
  pureCore,
  foreignFunctions,
  noConsole,
  noCycles,
  declaredDependencies,
};
