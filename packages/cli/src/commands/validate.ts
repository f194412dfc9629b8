import { relative, resolve } from 'node:path';

import { ExitCode } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import type { ManifestProblem } from '@mainstay/supervisor';
import { checkManifest } from '@mainstay/supervisor/check';

import type { CliContext } from '../context.ts';
import { nearestSocket } from '../manifest/checked-manifest.ts';
import { formatProblem, readManifest } from '../manifest/load-manifest.ts';
import { machineFacts } from '../manifest/machine-facts.ts';

interface ValidateOptions {
  readonly file: string;
  /** False: the file alone. */
  readonly host: boolean;
  readonly json?: boolean;
}

/** Prints every problem with its place; exit code 6 when there is one. Throws MANIFEST_NOT_FOUND. */
export async function validate(context: CliContext, options: ValidateOptions): Promise<number> {
  const file = resolve(context.cwd, options.file);
  const result = await readManifest(file, context.env);
  const services = result.ok ? result.manifest.services.map(({ name }) => name) : [];
  let problems: readonly ManifestProblem[] = result.ok ? [] : result.problems;
  if (result.ok && options.host) {
    const facts = await machineFacts(result.manifest, context.env, nearestSocket(context.cwd));
    problems = await checkManifest(result.manifest, result.positions, facts);
  }
  const report = { file, ok: problems.length === 0, services, problems, warnings: result.warnings };
  const { out, err } = context.output;
  if (options.json) out.write(`${JSON.stringify(report)}\n`);
  else {
    const name = relative(context.cwd, file) || file;
    const line = (problem: ManifestProblem): string => printable(formatProblem(name, problem));
    for (const warning of report.warnings) err.write(`${err.style.yellow('Warning:')} ${line(warning)}\n`);
    for (const problem of problems) err.write(`${line(problem)}\n`);
    out.write(
      report.ok ? `${name} is valid: ${summary(services)}\n` : `${count(problems.length, 'problem')}\n`,
    );
  }
  return report.ok ? ExitCode.ok : ExitCode.notConfigured;
}

function summary(services: readonly string[]): string {
  const shown = services.slice(0, 10).join(', ');
  return `${count(services.length, 'service')} (${shown}${services.length > 10 ? ', …' : ''})`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
