import { ExitCode, isAppError, messageOf } from '@mainstay/core';

import type { CommandContext } from './context.ts';
import { printable } from './terminal/index.ts';

/** Prints what went wrong, and returns the exit code that stands for it. */
export function reportFailure(
  context: Pick<CommandContext, 'output' | 'launch' | 'platform'>,
  argv: readonly string[],
  error: unknown,
): number {
  const exitCode = isAppError(error) ? (error.exitCode ?? ExitCode.failed) : ExitCode.failed;
  const { out, err } = context.output;
  const code = isAppError(error) ? error.code : 'INTERNAL';
  if (argv.includes('--json')) {
    const details = isAppError(error) ? error.details : {};
    out.write(`${JSON.stringify({ error: { code, message: messageOf(error), details } }, undefined, 2)}\n`);
    return exitCode;
  }
  err.write(`${err.style.red('Error:')} ${messageOf(error).split('\n').map(printable).join('\n')}\n`);
  if (!isAppError(error) && error instanceof Error && error.stack !== undefined)
    err.write(`${err.style.dim(error.stack.split('\n').slice(1).join('\n'))}\n`);
  if (exitCode === ExitCode.noPrivilege) err.write(`${privilegeAdvice(context, argv)}\n`);
  return exitCode;
}

/** The command that would work, to be copied as it is. */
export function privilegeAdvice(
  { launch, platform }: Pick<CommandContext, 'launch' | 'platform'>,
  argv: readonly string[],
): string {
  const words = [launch.executable, ...launch.args, ...argv];
  if (platform === 'win32') {
    const command = words.map((word) => (/[\s"&|<>^]/.test(word) ? `"${word}"` : word)).join(' ');
    return `Open a terminal as administrator and run: ${command}`;
  }
  const command = words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
  return `Run: sudo ${command}`;
}
