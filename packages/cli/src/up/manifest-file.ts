import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { messageOf, type AppError } from '@mainstay/core';
import { didYouMean, evaluateTemplate, parseTemplate } from '@mainstay/service/config';
import {
  parseManifest,
  supervisorErrors,
  type ManifestLanguage,
  type ManifestProblem,
  type ManifestService,
} from '@mainstay/supervisor';

import { tryLocateSource, type SourceProgram } from '../launcher.ts';

/** A service of the manifest, found. */
export interface LocatedService extends ManifestService {
  readonly program: SourceProgram;
}

/** Services to run, in the order of the file. Throws MANIFEST_NOT_FOUND, MANIFEST_INVALID, MANIFEST_UNKNOWN_SERVICE. */
export async function loadManifest(
  file: string,
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<LocatedService[]> {
  const result = parseManifest(await read(file), languageOf(env));
  if (!result.ok) throw invalid(file, result.problems);
  const { services } = result.manifest;
  const known = services.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw supervisorErrors.error(
        'MANIFEST_UNKNOWN_SERVICE',
        `There is no service "${name}" in ${file}${didYouMean(name, known) || `; it has ${known.join(', ')}`}`,
      );
  const problems: ManifestProblem[] = [];
  const located: LocatedService[] = [];
  for (const service of services) {
    if (names.length > 0 && !names.includes(service.name)) continue;
    const found = await tryLocateSource(resolve(dirname(file), service.service));
    if (found.ok) located.push({ ...service, program: found.program });
    else {
      const { line, column, name } = service;
      problems.push({ line, column, message: `services.${name}.service: ${found.message}` });
    }
  }
  if (problems.length > 0) throw invalid(file, problems);
  return located;
}

async function read(file: string): Promise<string> {
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

function invalid(file: string, problems: readonly ManifestProblem[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map(({ line, column, message }) => `\n  ${file}:${line}:${column} ${message}`);
  return supervisorErrors.error('MANIFEST_INVALID', `The manifest has ${count}:${lines.join('')}`, {
    details: { file, problems },
  });
}

/** The same placeholders as in a service's own configuration. */
function languageOf(env: NodeJS.ProcessEnv): ManifestLanguage {
  return {
    didYouMean,
    expand(text) {
      const parsed = parseTemplate(text);
      if (!parsed.ok) return { ok: false, message: parsed.error.message };
      const { text: expanded, missing } = evaluateTemplate(parsed.template, (name) => env[name]);
      if (missing.length === 0) return { ok: true, text: expanded };
      const names = missing.map((name) => `$${name}`).join(', ');
      return { ok: false, message: `${names} is not set; set it, or write \${NAME:default}` };
    },
  };
}
