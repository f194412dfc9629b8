export { describeConfig, type ConfigRow } from './describe.ts';
export { configErrors, type ConfigProblemCode } from './errors.ts';
export { nodeFileReader, type FileReader, type ReadOutcome } from './file-reader.ts';
export { configError, formatOrigin, formatProblem } from './format.ts';
export { anyConfig, configJsonSchema } from './json-schema.ts';
export type { KeyHints } from './key-hints.ts';
export { envName, envPrefix } from './key-names.ts';
export { formatKey, parseKey } from './key-path.ts';
export {
  configCandidates,
  loadConfig,
  type ConfigResult,
  type InvalidConfig,
  type LoadConfigOptions,
  type LoadedConfig,
} from './load.ts';
export { looksSecret, maskUrlPasswords } from './masking.ts';
export { changedKeys, reloadConfig, type ReloadResult } from './reload.ts';
export { minMaskableLength, secretMask, SecretRegistry } from './secret-registry.ts';
export type { Environment } from './sources/environment.ts';
export { configExtensions } from './sources/files.ts';
export { parseConfigFlags, type ConfigFlags } from './sources/flags.ts';
export type { ConfigSource, SourceContext, SourceLayer } from './sources/source.ts';
export { escapeTemplate, evaluateTemplate, parseTemplate } from './template.ts';
export { nodeFromValue, type ConfigNode } from './tree.ts';
export type { ConfigProblem, KeyPath, KeySegment, Origin, OriginKind } from './types.ts';
export { didYouMean } from './suggest.ts';
