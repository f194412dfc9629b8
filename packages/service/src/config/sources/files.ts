import { extname } from 'node:path';
import type { ConfigProblemCode } from '../errors.ts';
import type { FileReader, ReadOutcome } from '../file-reader.ts';
import { parseJson } from '../json.ts';
import type { ConfigProblem, Origin } from '../types.ts';
import { parseYaml } from '../yaml.ts';
import type { ConfigSource, SourceLayer } from './source.ts';

/** In the order in which they are tried. */
export const configExtensions = ['.yaml', '.yml', '.json'] as const;

export interface FileSourceOptions {
  readonly reader: FileReader;
  /** The file of `--config`: it must exist, and no other is looked for. */
  readonly file?: string;
  /** Paths without ending, in the order in which they are tried; the first with a file wins. */
  readonly candidates: readonly string[];
  /** The value of ENV_NAME. */
  readonly profile?: string;
  readonly profileVariable: string;
  /** In bytes. */
  readonly limit: number;
}

interface Found {
  readonly path: string;
  readonly outcome: ReadOutcome;
}

interface Located {
  readonly base?: Found;
  readonly profile?: Found;
  readonly warnings: readonly ConfigProblem[];
  /** Where a profile file would have been. */
  readonly expectedProfile?: string;
}

/**
 * The file and its profile: `orders.yaml` and, with ENV_NAME=production, `orders.production.yaml` beside it. Either
 * may be missing. Both sources share one search of the disk.
 */
export function fileSources(options: FileSourceOptions): readonly [ConfigSource, ConfigSource] {
  const { profile, profileVariable } = options;
  const profileIsName = profile === undefined || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(profile);
  const suffix = profile !== undefined && profileIsName ? `.${profile}` : undefined;
  let located: Located | undefined;
  const locate = (): Located => (located ??= locateFiles(options, suffix));
  const base: ConfigSource = {
    name: 'file',
    kind: 'file',
    async load() {
      const { base, warnings } = locate();
      if (!base) return { warnings };
      const layer = await readLayer(base, 'file');
      return { ...layer, warnings: [...warnings, ...(layer.warnings ?? [])] };
    },
  };
  const overlay: ConfigSource = {
    name: 'profile',
    kind: 'profile',
    async load() {
      if (profile === undefined) return {};
      if (!profileIsName) return profileProblem(profileVariable);
      const { base, profile: found, expectedProfile } = locate();
      if (found) return readLayer(found, 'profile');
      if (!base || base.outcome.kind === 'missing') return {};
      const message = `${profileVariable} is ${JSON.stringify(profile)}, but there is no file ${expectedProfile}; correct ${profileVariable} or create the file`;
      return {
        warnings: [
          { code: 'CONFIG_PROFILE_MISSING', message, origin: { kind: 'env', name: profileVariable } },
        ],
      };
    },
  };
  return [base, overlay];
}

function profileProblem(variable: string): SourceLayer {
  const message = `${variable} cannot be part of a file name; use letters, digits, dots, dashes and underscores`;
  return { problems: [{ code: 'CONFIG_PROFILE_NAME', message, origin: { kind: 'env', name: variable } }] };
}

function locateFiles(options: FileSourceOptions, suffix: string | undefined): Located {
  const read = (path: string): Found => ({ path, outcome: options.reader.read(path, options.limit) });
  const existing = (stem: string): Found[] =>
    configExtensions
      .map((extension) => read(stem + extension))
      .filter((found) => found.outcome.kind !== 'missing');

  if (options.file !== undefined) {
    const extension = extname(options.file);
    const stem = options.file.slice(0, options.file.length - extension.length);
    const profile = suffix === undefined ? undefined : existing(stem + suffix)[0];
    return {
      base: read(options.file),
      ...(profile && { profile }),
      warnings: [],
      expectedProfile: stem + (suffix ?? '') + extension,
    };
  }
  for (const stem of options.candidates) {
    const [base, ...shadowed] = existing(stem);
    const [profile, ...shadowedProfiles] = suffix === undefined ? [] : existing(stem + suffix);
    if (!base && !profile) continue;
    return {
      ...(base && { base }),
      ...(profile && { profile }),
      warnings: [
        ...shadowed.map(({ path }) => shadowWarning(path, base?.path ?? '')),
        ...shadowedProfiles.map(({ path }) => shadowWarning(path, profile?.path ?? '')),
      ],
      expectedProfile: stem + (suffix ?? '') + extname(base?.path ?? ''),
    };
  }
  return { warnings: [] };
}

function shadowWarning(path: string, chosen: string) {
  const message = `Not read, because ${chosen} stands beside it; remove one of the two`;
  return { code: 'CONFIG_FILE_SHADOWED', message, origin: { kind: 'file', file: path } } as const;
}

async function readLayer({ path, outcome }: Found, kind: 'file' | 'profile'): Promise<SourceLayer> {
  const fail = (code: ConfigProblemCode, message: string): SourceLayer => ({
    problems: [{ code, message, origin: { kind, file: path } }],
    files: [path],
  });
  if (outcome.kind === 'missing') {
    return fail('CONFIG_FILE_MISSING', 'File does not exist; correct the path or create it');
  }
  if (outcome.kind === 'unreadable')
    return fail('CONFIG_FILE_UNREADABLE', `Cannot be read: ${outcome.reason}`);
  if (outcome.kind === 'too-large') {
    return fail(
      'CONFIG_FILE_TOO_LARGE',
      `Larger than ${outcome.limit} bytes; keep data out of the configuration`,
    );
  }
  const text = decode(outcome.bytes);
  if (text === undefined) return fail('CONFIG_FILE_ENCODING', 'Not UTF-8 text; save the file as UTF-8');

  const originAt = (line: number, column: number): Origin => ({ kind, file: path, line, column });
  const extension = extname(path).toLowerCase();
  if (!configExtensions.some((known) => known === extension)) {
    return fail(
      'CONFIG_FILE_FORMAT',
      `Ending ${extension || '(none)'} is not known; use .yaml, .yml or .json`,
    );
  }
  const parsed = extension === '.json' ? parseJson(text, originAt) : await parseYaml(text, originAt);
  const { node, problems, warnings } = parsed;
  if (!node) return { problems, warnings, files: [path] };
  // A YAML file with nothing but comments is null at its top, and a fine place to start from.
  if (node.type === 'scalar' && node.value === null && extension !== '.json')
    return { warnings, files: [path] };
  if (node.type !== 'map') {
    const message = 'The top of the file must be a map of keys and values';
    return { problems: [{ code: 'CONFIG_NOT_A_MAP', message, origin: node.origin }], files: [path] };
  }
  return { node, problems, warnings, files: [path] };
}

/** Drops a byte order mark. Zero bytes are refused as well: they mean UTF-16 without a mark. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
