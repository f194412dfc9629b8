import type { Logger } from '@mainstay/core';
import type { ConfigProblem, LoadConfigOptions, LoadedConfig } from '../config/index.ts';
import type { ServiceDefinition } from '../types.ts';
import { printError } from './crash-guard.ts';
import type { RunArguments } from './run-arguments.ts';

type Options = LoadConfigOptions<NonNullable<ServiceDefinition['config']>>;

/**
 * The config of the service that runs. The config's modules are loaded by the first read, and not at all for a service
 * that has no config.
 */
export class ServiceConfig {
  readonly #definition: ServiceDefinition;
  readonly #arguments: RunArguments;
  readonly #log: Logger;
  #loaded: LoadedConfig<unknown> | undefined;

  constructor(definition: ServiceDefinition, args: RunArguments, log: Logger) {
    this.#definition = definition;
    this.#arguments = args;
    this.#log = log;
  }

  get value(): unknown {
    return this.#loaded ? this.#loaded.value : noConfig;
  }

  /** The text without the secrets that the config has brought. */
  mask(text: string): string {
    return this.#loaded ? this.#loaded.secrets.mask(text) : text;
  }

  /** Reads the config, unless it has been read. Throws CONFIG_INVALID, after all problems have been printed. */
  async load(): Promise<void> {
    if (this.#loaded || !this.#isNeeded) return;
    const { loadConfig } = await import('../config/index.ts');
    const options = await this.#options();
    if (!options) return;
    const result = await loadConfig(options);
    for (const warning of result.warnings) await this.#warn(warning);
    if (!result.ok) return this.#refuse(result.problems);
    this.#loaded = result;
  }

  /** Throws CONFIG_INVALID, and keeps the old one then. @returns the keys whose values changed */
  async reload(): Promise<readonly string[]> {
    if (!this.#loaded) return [];
    const { reloadConfig } = await import('../config/index.ts');
    const options = await this.#options();
    if (!options) return [];
    const result = await reloadConfig(this.#loaded, options);
    if (!result.ok) return this.#refuse(result.problems);
    for (const warning of result.config.warnings) await this.#warn(warning);
    this.#loaded = result.config;
    return result.changed;
  }

  get #isNeeded(): boolean {
    const { config, set } = this.#arguments;
    const { config: schema, defaults } = this.#definition;
    return schema !== undefined || defaults !== undefined || config !== undefined || set.length > 0;
  }

  async #options(): Promise<Options | undefined> {
    const { anyConfig, configCandidates } = await import('../config/index.ts');
    const { name, config: schema = anyConfig, defaults } = this.#definition;
    const { config: file, set } = this.#arguments;
    const cwd = process.cwd();
    return {
      schema,
      serviceName: name,
      env: process.env,
      cwd,
      set,
      candidates: configCandidates(name, cwd, await configDirectories(name)),
      ...(defaults && { defaults }),
      ...(file !== undefined && { file }),
    };
  }

  async #warn(warning: ConfigProblem): Promise<void> {
    const { formatProblem } = await import('../config/index.ts');
    this.#log.warn({ code: warning.code, problem: formatProblem(warning) }, 'Configuration warning');
  }

  async #refuse(problems: readonly ConfigProblem[]): Promise<never> {
    const { configError } = await import('../config/index.ts');
    const error = configError(problems);
    printError(error.message);
    throw error;
  }
}

const noConfig = Object.freeze({});

/** Where an installed service finds its file: systemd names it, elsewhere the service manager's layout does. */
async function configDirectories(serviceName: string): Promise<string[]> {
  const named = process.env['CONFIGURATION_DIRECTORY']?.split(':')[0];
  if (named) return [named];
  // What systemd would name (systemd.exec(5), ConfigurationDirectory=); asking its manager takes milliseconds of a start.
  if (process.platform === 'linux') return [`/etc/${serviceName}`];
  const { createManager } = await import('@mainstay/platform');
  try {
    return [(await createManager({ scope: 'system' })).directoriesFor(serviceName).config];
  } catch {
    return [];
  }
}
