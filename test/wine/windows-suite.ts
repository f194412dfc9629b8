import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageOf } from '@mainstay/core';
import { build } from 'esbuild';
import { defaultCacheFolder } from '../../packages/build/src/index.ts';
import { pinnedRuntimes } from '../../packages/build/src/runtime/pinned.ts';
import { RuntimeStore } from '../../packages/build/src/runtime/runtime-store.ts';
import { windowsNode } from './node.ts';
import { Wine, type WineRunOptions } from './wine.ts';

/** A suite that takes longer is killed. */
const suiteLimitMs = 100_000;
const checkout = join(import.meta.dirname, '../..');
/** What `reach-program.ts` starts: looked for beside the bundle, as it is looked for beside the source. */
const helper = 'packages/platform/src/windows/program-helper-main.ts';

/** What `inside/reporter.ts` writes for each test. */
interface Outcome {
  readonly name: string;
  readonly failure?: string;
  /** The reason, where there is one. */
  readonly skipped?: boolean | string;
}

/**
 * Runs a file of tests by Node for Windows under Wine, each as a test of this process too. All of `programs` are
 * bundled into one folder as `NAME.mjs`; the first is the suite, the others are for it to start.
 */
export function windowsSuite(title: string, programs: readonly string[], options: WineRunOptions = {}): void {
  test(title, async (t) => {
    await using wine = await Wine.start();
    const folder = await prepareFolder(wine, programs);
    const name = programs[0]?.split('/').at(-1)?.replace(/\.ts$/, '.mjs') ?? '';
    const results = join(folder, 'results.jsonl');
    const ran = wine.run(
      await windowsNode(),
      [
        '--test-force-exit',
        '--test-reporter=file:///C:/suite/reporter.mjs',
        '--test-reporter-destination=C:\\suite\\results.jsonl',
        `C:\\suite\\${name}`,
      ],
      { cwd: folder, timeout: suiteLimitMs, ...options },
    );
    const said = await ran.then(
      ({ code, stdout, stderr }) => (code === 0 ? '' : `exit code ${code}\n${stdout}\n${stderr}`),
      (error: unknown) => messageOf(error),
    );
    const lines = (await readFile(results, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    for (const line of lines) {
      const each = JSON.parse(line) as Outcome;
      await t.test(each.name, { skip: each.skipped ?? false }, () => {
        if (each.failure !== undefined) throw new Error(each.failure);
      });
    }
    if (lines.length === 0) throw new Error(`No test ran under Wine: ${said}`);
    if (said !== '') throw new Error(`The suite under Wine failed: ${said}`);
  });
}

/** `C:\suite`: the bundles, and the FFI library where the one of a checkout would be. */
export async function prepareFolder(wine: Wine, programs: readonly string[]): Promise<string> {
  const folder = join(wine.drive, 'suite');
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [...programs, 'test/wine/inside/reporter.ts', helper].map((path) => join(checkout, path)),
    bundle: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    external: ['koffi'],
    // What a bundled CommonJS library asks for.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    logLevel: 'error',
  });
  await rename(join(folder, 'program-helper-main.mjs'), join(folder, 'program-helper-main.ts'));
  await cp(join(checkout, 'packages/supervisor/test/fixtures'), join(folder, 'fixtures'), {
    recursive: true,
  });
  await cp(join(checkout, 'node_modules/koffi'), join(folder, 'node_modules/koffi'), { recursive: true });
  const { koffi } = pinnedRuntimes['win-x64'];
  const store = new RuntimeStore({
    cacheFolder: defaultCacheFolder(),
    loadSettings: async () => ({}),
    installedFrom: [checkout],
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  const library = join(folder, 'node_modules', koffi.name, koffi.file);
  await mkdir(join(library, '..'), { recursive: true });
  await writeFile(library, await store.read(koffi, 'win-x64'));
  return folder;
}
