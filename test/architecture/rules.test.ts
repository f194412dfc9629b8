// Each rule is proven by breaking it: a small tree keeps them all, and every mutation of it breaks exactly one.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rules } from './rules.ts';
import { importsOf, type Texts, treeOf } from './source-tree.ts';

const manifest = (name: string, ...dependencies: string[]) =>
  JSON.stringify({
    name: `@mainstay/${name}`,
    dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, '1.0.0'])),
  });

const good: Texts = {
  'packages/core/package.json': manifest('core'),
  'packages/core/src/index.ts': "export { clock } from './clock.ts';\n",
  'packages/core/src/clock.ts':
    "/**\n * @example\n * import { readFile } from 'node:fs';\n */\nexport const clock = 1;\n",
  'packages/platform/package.json': manifest('platform', '@mainstay/core', 'koffi'),
  'packages/platform/src/index.ts': "import { clock } from '@mainstay/core';\nimport koffi from 'koffi';\n",
  'packages/build/package.json': manifest('build', '@mainstay/core'),
  'packages/build/src/index.ts':
    "import type {\n  clock,\n} from '@mainstay/core';\nimport fs from 'node:fs';\n",
  'packages/build/src/output/text.ts': "console.log('built');\n",
};

function broken(texts: Texts): string[] {
  const tree = treeOf(texts);
  return Object.entries(rules).flatMap(([name, rule]) => rule(tree).map(({ at }) => `${name} ${at}`));
}

/** The good tree with lines added to a file. */
const adding = (path: string, lines: string): Texts => ({ ...good, [path]: `${good[path] ?? ''}${lines}\n` });

const mutations: readonly (readonly [what: string, texts: Texts, expected: readonly string[]])[] = [
  [
    'an arrow that the table does not have',
    {
      ...adding('packages/build/src/index.ts', "import '@mainstay/platform';"),
      'packages/build/package.json': manifest('build', '@mainstay/core', '@mainstay/platform'),
    },
    ['layers packages/build/src/index.ts:5'],
  ],
  [
    'the same arrow, taken at run time',
    {
      ...adding('packages/build/src/index.ts', "void import('@mainstay/platform');"),
      'packages/build/package.json': manifest('build', '@mainstay/core', '@mainstay/platform'),
    },
    ['layers packages/build/src/index.ts:5'],
  ],
  [
    'a path into another package',
    adding('packages/build/src/index.ts', "import '../../platform/src/index.ts';"),
    ['layers packages/build/src/index.ts:5'],
  ],
  [
    'a package that imports its own files by its name',
    adding('packages/build/src/index.ts', "import '@mainstay/build';"),
    ['layers packages/build/src/index.ts:5'],
  ],
  [
    'a package without a row',
    { ...good, 'packages/extra/src/index.ts': "import fs from 'node:fs';\n" },
    ['layers packages/extra/src/index.ts:1'],
  ],
  [
    'Node in core',
    adding('packages/core/src/clock.ts', "import fs from 'node:fs';"),
    ['pureCore packages/core/src/clock.ts:6'],
  ],
  [
    'a clock in core',
    adding('packages/core/src/clock.ts', 'export const now = Date.now();'),
    ['pureCore packages/core/src/clock.ts:6'],
  ],
  [
    'FFI outside platform',
    {
      ...adding('packages/build/src/index.ts', "import koffi from 'koffi';"),
      'packages/build/package.json': manifest('build', '@mainstay/core', 'koffi'),
    },
    ['foreignFunctions packages/build/src/index.ts:5'],
  ],
  [
    'a native library loaded outside platform',
    adding('packages/build/src/index.ts', 'process.dlopen(module, path);'),
    ['foreignFunctions packages/build/src/index.ts:5'],
  ],
  [
    'console',
    adding('packages/build/src/index.ts', "console.log('x');"),
    ['noConsole packages/build/src/index.ts:5'],
  ],
  [
    'a circle of files',
    adding('packages/core/src/clock.ts', "export * from './index.ts';"),
    ['noCycles packages/core/src/index.ts'],
  ],
  [
    'a dependency that is not declared',
    adding('packages/build/src/index.ts', "import tar from 'tar';"),
    ['declaredDependencies packages/build/src/index.ts:5'],
  ],
  [
    'a dependency that is not used',
    { ...good, 'packages/build/package.json': manifest('build', '@mainstay/core', 'tar') },
    ['declaredDependencies packages/build/package.json'],
  ],
];

describe('the rules', () => {
  it('let a good tree pass', () => assert.deepEqual(broken(good), []));

  it('let an entry name its own package, so that the builder can take it apart', () => {
    const entry = { 'packages/build/src/main.ts': "void import('@mainstay/build/inner');\n" };
    assert.deepEqual(broken({ ...good, ...entry }), []);
  });

  for (const [what, texts, expected] of mutations) {
    it(`catch ${what}`, () => assert.deepEqual(broken(texts), expected));
  }
});

describe('imports', () => {
  it('are found in every form, and not in comments', () => {
    const text = [
      "import a, { b } from 'one';",
      "export type { c } from './two.ts';",
      "import 'three';",
      "// import 'four';",
      "const five = await import('five'); // import('six')",
      'const code = `',
      "import 'written';",
      '`;',
      "export interface A { readonly kind: 'kind' }",
      "const url = 'https://seven'; require('eight');",
      `const nine = "require('nine')";`,
    ].join('\n');
    const found = importsOf(text).map(({ specifier, line }) => `${line} ${specifier}`);
    assert.deepEqual(found, ['1 one', '2 ./two.ts', '3 three', '5 five', '10 eight']);
  });
});
