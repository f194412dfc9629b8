import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';
import { builderFolder, packageFolderFrom, resolveFromBuilder, sdkSpecifiers } from './builder-packages.ts';
import type { Project } from './load-project.ts';

export interface TypeCheckOptions {
  readonly signal: AbortSignal;
  /** Colours and source excerpts, as tsc shows them on a terminal. @default false */
  readonly pretty?: boolean;
}

/** Used when the project has no tsconfig.json; what `mainstay init` writes is the same. */
export const defaultCompilerOptions = {
  target: 'es2024',
  lib: ['es2024'],
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
} as const;

/**
 * Checks what the entry imports with the project's own tsconfig.json and, if it has one, its own TypeScript.
 *
 * @throws AppError BUILD_TYPE_ERRORS whose message ends with tsc's own output; BUILD_TYPE_CHECK_FAILED
 */
export async function typeCheck(project: Project, options: TypeCheckOptions): Promise<void> {
  const compiler = packageFolderFrom('typescript', [project.folder]);
  if (compiler === undefined) {
    throw buildErrors.error(
      'BUILD_TYPE_CHECK_FAILED',
      'TypeScript is not installed; install it in the project, or switch the type check off',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-types-'));
  try {
    const config = join(folder, 'tsconfig.json');
    await writeFile(config, JSON.stringify(await makeConfig(project)));
    const script = await compilerScript(compiler);
    const result = await run(
      [script, '--project', config, '--pretty', String(options.pretty ?? false)],
      project.folder,
      options.signal,
    );
    if (result.exitCode === 0) return;
    const output = result.output.trim();
    const count = output.match(/error TS\d+/g)?.length ?? 0;
    if (count === 0) {
      throw buildErrors.error(
        'BUILD_TYPE_CHECK_FAILED',
        `The TypeScript compiler failed with exit code ${result.exitCode}: ${output}`,
      );
    }
    throw buildErrors.error(
      'BUILD_TYPE_ERRORS',
      `TypeScript found ${count} error${count === 1 ? '' : 's'} in ${project.name}; nothing was written\n${output}`,
      { details: { count, output } },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeConfig(project: Project): Promise<object> {
  const own = join(project.folder, 'tsconfig.json');
  const hasOwn = await stat(own).then(
    () => true,
    () => false,
  );
  const paths = missingSdkPaths(project);
  const needsTsImports = Object.keys(paths).length > 0;
  return {
    ...(hasOwn ? { extends: own } : {}),
    files: [project.entry],
    include: [],
    compilerOptions: {
      ...(hasOwn ? {} : defaultCompilerOptions),
      noEmit: true,
      composite: false,
      incremental: false,
      rootDir: null,
      outDir: null,
      declarationDir: null,
      typeRoots: typeRoots(project.folder),
      ...(needsTsImports ? { paths, allowImportingTsExtensions: true, skipLibCheck: true } : {}),
    },
  };
}

/** Where the SDK's types are when the project has not installed it. */
function missingSdkPaths(project: Project): Record<string, string[]> {
  const paths: Record<string, string[]> = {};
  const requireFromProject = createRequire(project.entry);
  for (const specifier of sdkSpecifiers) {
    try {
      requireFromProject.resolve(specifier);
    } catch {
      const file = resolveFromBuilder(specifier);
      if (file !== undefined) paths[specifier] = [file];
    }
  }
  return paths;
}

/** The usual search upwards from the project, then the builder's own (for @types/node). */
function typeRoots(projectFolder: string): string[] {
  const roots: string[] = [];
  for (const start of [projectFolder, builderFolder]) {
    for (let folder = start; ; folder = dirname(folder)) {
      roots.push(join(folder, 'node_modules/@types'));
      if (dirname(folder) === folder) break;
    }
  }
  return roots;
}

async function compilerScript(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    bin?: Record<string, string>;
  };
  return join(folder, manifest.bin?.['tsc'] ?? 'bin/tsc');
}

async function run(
  args: string[],
  cwd: string,
  signal: AbortSignal,
): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (output += chunk));
  }
  return await new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      if (signal.aborted) reject(signal.reason as Error);
      else
        reject(
          buildErrors.error(
            'BUILD_TYPE_CHECK_FAILED',
            `Cannot start the TypeScript compiler: ${messageOf(cause)}`,
            { cause },
          ),
        );
    });
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}
