import { ExitCode } from '@mainstay/core';

import {
  anyConfig,
  configCandidates,
  describeConfig,
  formatOrigin,
  formatProblem,
  loadConfig,
  type ConfigResult,
  type ConfigRow,
} from '../config/index.ts';
import { printJson, targetOf, type CommandContext, type JsonOption, type TargetOptions } from './context.ts';
import { displayWidth, pad, printable, truncate } from './terminal/index.ts';

export interface ConfigOptions extends TargetOptions, JsonOption {
  readonly config?: string;
  readonly set?: readonly string[];
}

/** Loads the configuration as `run` would from here, looking also where the installed service finds its file. */
export async function loadServiceConfig(
  context: CommandContext,
  options: ConfigOptions,
): Promise<ConfigResult<unknown>> {
  const cwd = process.cwd();
  const name = options.name ?? context.definition.name;
  const directories = [context.env.CONFIGURATION_DIRECTORY, await installedDirectory(context, options)];
  const { defaults } = context.definition;
  return loadConfig({
    schema: context.definition.config ?? anyConfig,
    serviceName: name,
    env: context.env,
    cwd,
    candidates: configCandidates(
      name,
      cwd,
      directories.filter((directory) => directory !== undefined),
    ),
    set: options.set ?? [],
    ...(defaults && { defaults }),
    ...(options.config === undefined ? {} : { file: options.config }),
  });
}

/** Where there is no service manager, there is no directory of an installed service. */
async function installedDirectory(
  context: CommandContext,
  options: ConfigOptions,
): Promise<string | undefined> {
  try {
    const { manager, name } = await targetOf(context, options);
    return manager.directoriesFor(name).config;
  } catch {
    return undefined;
  }
}

/** Each value with its origin, secrets masked; or every problem, and exit 6. */
export async function config(context: CommandContext, options: ConfigOptions): Promise<number> {
  const result = await loadServiceConfig(context, options);
  const { out, err } = context.output;
  const warnings = result.warnings.map(formatProblem);
  if (!result.ok) {
    if (options.json) printJson(context, { ok: false, problems: result.problems, warnings: result.warnings });
    else {
      const count = result.problems.length === 1 ? '1 problem' : `${result.problems.length} problems`;
      err.write(`${err.style.red('Error:')} the configuration has ${count}:\n`);
      for (const problem of result.problems) err.write(`  ${printable(formatProblem(problem))}\n`);
      for (const warning of warnings) err.write(`${err.style.yellow('Warning:')} ${printable(warning)}\n`);
    }
    return ExitCode.notConfigured;
  }
  // A service without a schema has one empty value, without a key.
  const rows = describeConfig(result).filter(({ key }) => key !== '');
  if (options.json) {
    const { files, profile } = result;
    printJson(context, {
      ok: true,
      values: rows,
      files,
      profile: profile ?? null,
      warnings: result.warnings,
    });
    return ExitCode.ok;
  }
  if (rows.length === 0) out.write(`${options.name ?? context.definition.name} has no configuration\n`);
  writeRows(context, rows);
  for (const warning of warnings) err.write(`${err.style.yellow('Warning:')} ${printable(warning)}\n`);
  return ExitCode.ok;
}

const widestValue = 48;

function writeRows(context: CommandContext, rows: readonly ConfigRow[]): void {
  const { out } = context.output;
  const cells = rows.map((row) => ({
    key: printable(row.key),
    value: truncate(
      printable(typeof row.value === 'string' ? row.value : JSON.stringify(row.value)),
      widestValue,
    ),
    origin: printable(formatOrigin(row.origin)),
  }));
  const keyWidth = Math.max(0, ...cells.map((cell) => displayWidth(cell.key)));
  const valueWidth = Math.max(0, ...cells.map((cell) => displayWidth(cell.value)));
  for (const { key, value, origin } of cells)
    out.write(`${pad(key, keyWidth)}  ${pad(value, valueWidth)}  ${out.style.dim(origin)}\n`);
}
