import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf } from '@mainstay/core';
import { buildErrors } from '../errors.ts';

/** A service as its package.json and entry file describe it. */
export interface Project {
  /** Folder of the package.json, or of the entry file if there is none. */
  readonly folder: string;
  /** Absolute path of the entry file. */
  readonly entry: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly version: string;
  readonly author: string | undefined;
  readonly license: string | undefined;
}

/** Tried in this order in a folder whose package.json names no entry. */
const usualEntries = [
  'src/main.ts',
  'src/index.ts',
  'main.ts',
  'index.ts',
  'src/main.js',
  'src/index.js',
  'main.js',
  'index.js',
];
const sourceExtensions = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.tsx', '.jsx']);
/** What file names, service managers and code signatures all accept. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Finds entry, name and version of what is to be built.
 *
 * @param input entry file or project folder
 * @param name overrides the name from package.json
 * @throws AppError BUILD_ENTRY_NOT_FOUND, BUILD_BAD_PROJECT
 */
export async function loadProject(input: string, name?: string): Promise<Project> {
  const path = resolve(input);
  const kind = await kindOf(path);
  if (kind === undefined) {
    throw buildErrors.error(
      'BUILD_ENTRY_NOT_FOUND',
      `There is no file or folder ${path}; name an entry file or a project folder`,
      { details: { path } },
    );
  }
  if (kind === 'file' && !sourceExtensions.has(extname(path))) {
    throw buildErrors.error('BUILD_ENTRY_NOT_FOUND', `${path} is not a TypeScript or JavaScript file`, {
      details: { path },
    });
  }
  const folder = kind === 'folder' ? path : await packageFolder(dirname(path));
  const manifest = await readManifest(join(folder, 'package.json'));
  const entry = kind === 'file' ? path : await findEntry(folder, manifest);
  const found =
    name ?? own(manifest, 'name') ?? text(manifest['name'], 'name', folder) ?? basename(folder).toLowerCase();
  const serviceName = found.replace(/^@[^/]+\//, '');
  if (!namePattern.test(serviceName)) {
    throw buildErrors.error(
      'BUILD_BAD_PROJECT',
      `"${serviceName}" cannot be the name of a service; use lower-case letters, digits, dots and dashes (package.json "name", or --name)`,
    );
  }
  const version = text(manifest['version'], 'version', folder) ?? '0.0.0';
  if (!/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/.test(version)) {
    throw buildErrors.error(
      'BUILD_BAD_PROJECT',
      `"${version}" in ${join(folder, 'package.json')} is not a semantic version; write it as 1.2.3`,
    );
  }
  const displayName = own(manifest, 'displayName') ?? serviceName;
  return {
    folder,
    entry,
    version,
    displayName,
    name: serviceName,
    description:
      own(manifest, 'description') ?? text(manifest['description'], 'description', folder) ?? displayName,
    author: authorOf(manifest['author']),
    license: text(manifest['license'], 'license', folder),
  };
}

type Manifest = Readonly<Record<string, unknown>>;

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ? 'folder' : stats?.isFile() ? 'file' : undefined;
}

/** The nearest folder upwards with a package.json; the given one if there is none. */
async function packageFolder(start: string): Promise<string> {
  for (let folder = start; ; folder = dirname(folder)) {
    if ((await kindOf(join(folder, 'package.json'))) === 'file') return folder;
    if (dirname(folder) === folder) return start;
  }
}

async function readManifest(file: string): Promise<Manifest> {
  if ((await kindOf(file)) !== 'file') return {};
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new Error('it is not an object');
    return parsed as Manifest;
  } catch (cause) {
    throw buildErrors.error('BUILD_BAD_PROJECT', `Cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** A text in the `mainstay` section of package.json. */
function own(manifest: Manifest, key: string): string | undefined {
  const section = manifest['mainstay'];
  if (typeof section !== 'object' || section === null) return undefined;
  const value = (section as Manifest)[key];
  if (value === undefined || typeof value === 'string') return value;
  throw buildErrors.error('BUILD_BAD_PROJECT', `"mainstay.${key}" in package.json must be a text`);
}

function text(value: unknown, key: string, folder: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw buildErrors.error('BUILD_BAD_PROJECT', `"${key}" in ${join(folder, 'package.json')} must be a text`);
}

function authorOf(author: unknown): string | undefined {
  const name = typeof author === 'object' && author !== null ? (author as Manifest)['name'] : author;
  return typeof name === 'string' ? name.replace(/\s*[<(].*$/, '') : undefined;
}

async function findEntry(folder: string, manifest: Manifest): Promise<string> {
  const named = own(manifest, 'entry');
  const candidates = named === undefined ? [...manifestEntries(manifest), ...usualEntries] : [named];
  for (const candidate of candidates) {
    const file = resolve(folder, candidate);
    if (sourceExtensions.has(extname(file)) && (await kindOf(file)) === 'file') return file;
  }
  const message =
    named === undefined
      ? `No entry file in ${folder}: set "mainstay.entry" in its package.json; looked for ${candidates.join(', ')}`
      : `The entry file "${named}" that "mainstay.entry" in ${join(folder, 'package.json')} names does not exist`;
  throw buildErrors.error('BUILD_ENTRY_NOT_FOUND', message, { details: { folder, candidates } });
}

function manifestEntries(manifest: Manifest): string[] {
  let root: unknown = manifest['exports'];
  if (typeof root === 'object' && root !== null && '.' in root) root = (root as Manifest)['.'];
  while (typeof root === 'object' && root !== null) {
    const conditions = root as Manifest;
    root = conditions['node'] ?? conditions['import'] ?? conditions['default'] ?? conditions['require'];
  }
  return [root, manifest['main']].filter((value) => typeof value === 'string');
}
