import { isAbsolute, join, resolve } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { maskUrlPasswords } from './masking.ts';
import { nodeFileReader, type FileReader } from './file-reader.ts';
import { problemsOfIssues } from './issues.ts';
import { configJsonSchema } from './json-schema.ts';
import { keyHints } from './key-hints.ts';
import { formatKey } from './key-path.ts';
import { outputLeaves } from './leaves.ts';
import { resolveTree, type ResolvedTree } from './resolve.ts';
import { SecretRegistry } from './secret-registry.ts';
import { defaultsSource } from './sources/defaults.ts';
import { environmentSource, type Environment } from './sources/environment.ts';
import { fileSources } from './sources/files.ts';
import { flagsSource } from './sources/flags.ts';
import type { ConfigSource, SourceContext, SourceLayer } from './sources/source.ts';
import { deepest, emptyMap, merge, settleLists, type ConfigNode } from './tree.ts';
import type { ConfigProblem, Origin } from './types.ts';
import { keysOutsideSchema, unknownKeyWarnings } from './unknown-keys.ts';
import { validateTree } from './validate.ts';

export interface LoadConfigOptions<Schema extends StandardSchemaV1> {
  readonly schema: Schema;
  /** Gives the name of the file and the prefix of the variables. */
  readonly serviceName: string;
  /** Values below all others; strings may hold placeholders. */
  readonly defaults?: unknown;
  readonly env: Environment;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Value of `--config`. */
  readonly file?: string;
  /** Values of `--set`, each `key.path=value`. */
  readonly set?: readonly string[];
  /**
   * Paths without ending where the file may be, the first one with a file wins.
   * @default `configCandidates(serviceName, cwd)`
   */
  readonly candidates?: readonly string[];
  /** Variable that chooses the profile. @default 'ENV_NAME' */
  readonly profileVariable?: string;
  /** Sources between the profile and the environment, in rising order of precedence. */
  readonly sources?: readonly ConfigSource[];
  /** Takes the secrets that are loaded; give the logger's. @default a new one */
  readonly secrets?: SecretRegistry;
  /** @default files of this machine */
  readonly reader?: FileReader;
  /** Largest configuration file in bytes. @default 1048576 */
  readonly maxFileBytes?: number;
  /** Whether permission bits of secret files mean something. @default true except on Windows */
  readonly checkPermissions?: boolean;
  /** Makes the JSON Schema for a library without Standard JSON Schema. */
  readonly toJsonSchema?: (schema: StandardSchemaV1) => Record<string, unknown>;
}

export interface LoadedConfig<Value> {
  readonly ok: true;
  readonly value: Value;
  /** The origin of every leaf of `value`, by its dotted key; each leaf has exactly one. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly secrets: SecretRegistry;
  /** Files that were read, absolute. */
  readonly files: readonly string[];
  /** The value of ENV_NAME, if it is set. */
  readonly profile: string | undefined;
  readonly warnings: readonly ConfigProblem[];
}

export interface InvalidConfig {
  readonly ok: false;
  /** All of them, at least one. */
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  readonly files: readonly string[];
}

export type ConfigResult<Value> = LoadedConfig<Value> | InvalidConfig;

/** `<cwd>/<name>` and then `<directory>/config` of each directory, such as `/etc/<name>`. */
export function configCandidates(
  serviceName: string,
  cwd: string,
  directories: readonly string[] = [],
): string[] {
  return [join(cwd, serviceName), ...directories.map((directory) => join(directory, 'config'))];
}

/** Loads, layers, resolves and validates. Reports problems in the result; throws only for a bug. */
export async function loadConfig<Schema extends StandardSchemaV1>(
  options: LoadConfigOptions<Schema>,
): Promise<ConfigResult<StandardSchemaV1.InferOutput<Schema>>> {
  const { schema, env, cwd, serviceName } = options;
  const secrets = options.secrets ?? new SecretRegistry();
  const reader = options.reader ?? nodeFileReader;
  const jsonSchema = once(() => configJsonSchema(schema, options.toJsonSchema));
  const profile = env[options.profileVariable ?? 'ENV_NAME'] || undefined;

  const layers = await loadLayers(sourcesOf(options, reader, profile), jsonSchema);
  const tree = resolveTree(layers.root, {
    env,
    cwd,
    reader,
    secrets,
    checkPermissions: options.checkPermissions ?? process.platform !== 'win32',
  });
  const validated = await validateTree(schema, tree);
  const incomplete = layers.problems.length > 0;
  const problems = [
    ...layers.problems,
    ...tree.problems,
    ...problemsOfIssues(validated.issues, { tree, serviceName, secrets, jsonSchema, incomplete }),
    // Sources and validators may repeat what they were given.
  ].map((problem) => ({ ...problem, message: secrets.mask(maskUrlPasswords(problem.message)) }));
  const warnings = [...layers.warnings, ...tree.warnings];
  const { files } = layers;
  if (problems.length > 0) {
    // A misspelt key is often why another one is missing. Strict validators report it as a problem themselves.
    const reported = new Set(problems.map((problem) => problem.key));
    const outside = keysOutsideSchema(validated.input, tree.root, jsonSchema);
    warnings.push(...outside.filter((warning) => !reported.has(warning.key)));
    return { ok: false, problems, warnings, files };
  }
  warnings.push(...unknownKeyWarnings(validated.input, validated.output, tree.root, jsonSchema));
  const value = validated.output as StandardSchemaV1.InferOutput<Schema>;
  return { ok: true, value, origins: originsOf(value, tree), secrets, files, profile, warnings };
}

function sourcesOf(
  options: LoadConfigOptions<StandardSchemaV1>,
  reader: FileReader,
  profile: string | undefined,
): ConfigSource[] {
  const { cwd, serviceName, env } = options;
  const profileVariable = options.profileVariable ?? 'ENV_NAME';
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(cwd, path));
  return [
    ...(options.defaults === undefined ? [] : [defaultsSource(options.defaults)]),
    ...fileSources({
      reader,
      candidates: (options.candidates ?? configCandidates(serviceName, cwd)).map(absolute),
      profileVariable,
      limit: options.maxFileBytes ?? 1024 * 1024,
      ...(options.file !== undefined && { file: absolute(options.file) }),
      ...(profile !== undefined && { profile }),
    }),
    ...(options.sources ?? []),
    environmentSource(env, serviceName, [profileVariable]),
    flagsSource(options.set ?? []),
  ];
}

interface Layers {
  readonly root: ConfigNode;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  readonly files: readonly string[];
}

async function loadLayers(
  sources: readonly ConfigSource[],
  jsonSchema: () => Record<string, unknown> | undefined,
): Promise<Layers> {
  let root: ConfigNode = emptyMap({ kind: 'default' });
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const files: string[] = [];
  for (const source of sources) {
    const layer = await loadLayer(source, { lower: root, hints: keyHints(root, jsonSchema) });
    if (layer.node) root = merge(root, layer.node);
    problems.push(...(layer.problems ?? []));
    warnings.push(...(layer.warnings ?? []));
    files.push(...(layer.files ?? []));
  }
  return { root: settleLists(root), problems, warnings, files };
}

async function loadLayer(source: ConfigSource, context: SourceContext): Promise<SourceLayer> {
  try {
    return await source.load(context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const origin: Origin = { kind: source.kind, name: source.name };
    return { problems: [{ code: 'CONFIG_SOURCE', message: `Source failed: ${reason}`, origin }] };
  }
}

function originsOf(value: unknown, tree: ResolvedTree): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const { path } of outputLeaves(value)) {
    const { node, depth } = deepest(tree.root, path);
    // Below a scalar: the validator made a structure of it. Below a map or list: the validator added the value.
    const given = depth === path.length || node.type === 'scalar';
    origins.set(formatKey(path), given ? node.origin : { kind: 'default' });
  }
  return origins;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
