import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';

import { messageOf, type AppError } from '@mainstay/core';
import type { Manifest, ManifestPositions, ManifestProblem, ManifestResult } from '@mainstay/supervisor';
import { supervisorErrors } from '@mainstay/supervisor/errors';
import { parseManifest } from '@mainstay/supervisor/manifest';

import { languageOf } from './language.ts';
import { locateProgram } from './locate-program.ts';

export interface LoadedManifest {
  readonly manifest: Manifest;
  readonly positions: ManifestPositions;
  readonly warnings: readonly ManifestProblem[];
}

/** Reads, parses and resolves a manifest; `file` is absolute. Throws MANIFEST_NOT_FOUND, MANIFEST_INVALID. */
export async function loadManifest(file: string, env: NodeJS.ProcessEnv): Promise<LoadedManifest> {
  const result = await readManifest(file, env);
  if (!result.ok) throw invalidManifest(file, result.problems);
  return result;
}

/** The same with the problems as a result. Throws MANIFEST_NOT_FOUND. */
export async function readManifest(file: string, env: NodeJS.ProcessEnv): Promise<ManifestResult> {
  return parseManifest(await readText(file), languageOf(env), {
    folder: dirname(file),
    platform: process.platform,
    machine: { memoryBytes: totalmem(), cores: availableParallelism() },
    locate: locateProgram,
    readText: (path) => readFile(path, 'utf8'),
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw supervisorErrors.error(
      'MANIFEST_NOT_FOUND',
      `Cannot read ${file}: ${messageOf(error)}; run the command in the folder that has it, or name it with -f`,
      { cause: error },
    );
  }
}

/** MANIFEST_INVALID with a line for each problem. */
export function invalidManifest(file: string, problems: readonly ManifestProblem[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map((problem) => `\n  ${formatProblem(file, problem)}`);
  return supervisorErrors.error('MANIFEST_INVALID', `The manifest has ${count}:${lines.join('')}`, {
    details: { file, problems },
  });
}

/** `mainstay.yaml:3:5 Unknown key …`, as editors take it. */
export function formatProblem(file: string, { line, column, message }: ManifestProblem): string {
  return `${file}:${line}:${column} ${message}`;
}
