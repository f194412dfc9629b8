import assert from 'node:assert/strict';

import type {
  Manifest,
  ManifestLanguage,
  ManifestSurroundings,
  ServiceDeclaration,
} from '../../src/index.ts';
import { parseManifest } from '../../src/manifest/index.ts';

/** Placeholders with a default have it; `MISSING` and nothing else is not set. A letter too much is seen. */
export const language: ManifestLanguage = {
  expand: (text) =>
    text.includes('${MISSING}')
      ? { ok: false, message: 'MISSING is not set' }
      : { ok: true, text: text.replace(/\$\{\w+:(.*?)\}/g, '$1') },
  didYouMean: (word, candidates) =>
    candidates.includes(word.slice(0, -1)) ? `; did you mean ${word.slice(0, -1)}?` : '',
};

/** A machine with 8 GiB and 4 cores, where every service but `/app/nowhere` is found. */
export const surroundings: ManifestSurroundings = {
  folder: '/app',
  platform: 'linux',
  machine: { memoryBytes: 8 * 1024 ** 3, cores: 4 },
  locate: async (path) =>
    path.endsWith('nowhere')
      ? { ok: false, message: `There is nothing at ${path}` }
      : { ok: true, program: { command: '/node', args: ['entry.ts', 'run'], cwd: path } },
  readText: async (path) => {
    if (path === '/app/a.env') return 'FROM_A=1\nBOTH="of a"\n';
    if (path === '/app/b.env') return 'BOTH=of b\nOWN=b\n';
    throw new Error(`ENOENT: ${path}`);
  },
};

export const parse = (text: string, more: Partial<ManifestSurroundings> = {}) =>
  parseManifest(text, language, { ...surroundings, ...more });

export async function manifestOf(text: string, more: Partial<ManifestSurroundings> = {}): Promise<Manifest> {
  const result = await parse(text, more);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.problems, null, 1));
  return result.manifest;
}

/** The only service of a manifest in which it has these keys, as YAML in braces. */
export async function serviceOf(
  keys: string,
  more: Partial<ManifestSurroundings> = {},
): Promise<ServiceDeclaration> {
  const [service] = (await manifestOf(`services: { a: { ${keys} } }`, more)).services;
  assert.ok(service);
  return service;
}

/** `line:column message` of each problem. */
export async function problemsOf(text: string, more: Partial<ManifestSurroundings> = {}): Promise<string[]> {
  const result = await parse(text, more);
  assert.ok(!result.ok, 'expected problems');
  return result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** The only problem of a service with these keys, without its place. */
export async function problemOf(keys: string, more: Partial<ManifestSurroundings> = {}): Promise<string> {
  const problems = await problemsOf(`services: { a: { ${keys} } }`, more);
  assert.equal(problems.length, 1, problems.join('\n'));
  return (problems[0] ?? '').replace(/^\d+:\d+ /, '');
}
