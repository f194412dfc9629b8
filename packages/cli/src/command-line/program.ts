import { ExitCode, isAppError, messageOf } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import { Command, CommanderError } from 'commander';

import type { CliContext } from '../context.ts';

export type Add = (command: string, summary: string, examples: readonly string[]) => Command;
export type Done = (exitCode: number) => void;

/** The root of a command line of ours, without a command yet. */
export function newProgram({ output: { out, err } }: CliContext, argv: readonly string[] = []): Command {
  return new Command('mainstay')
    .usage('<command> [options]')
    .helpCommand('help [command]', 'Show how to use a command')
    .showHelpAfterError('See `mainstay --help`')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => out.write(text),
      // With --json a failure is printed once, by `runProgram`.
      writeErr: (text) => (isJson(argv) ? undefined : err.write(text)),
      // Commander's own failures in the words of all others.
      outputError: (text, write) => write(text.replace(/^error: /, `${err.style.red('Error:')} `)),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
}

/** Adds commands, each with its examples, to the program or below one of its commands. */
export function adder(program: Command, path = 'mainstay'): Add {
  return (command, summary, examples) =>
    program
      .command(command)
      .description(summary)
      .showHelpAfterError(`See \`${path} ${command} --help\``)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${path} ${line}`).join('\n')}`);
}

/** Runs one command line; resolves with the exit code. Prints failures, and throws nothing. */
export async function runProgram(
  context: CliContext,
  argv: readonly string[],
  make: (done: Done) => Command,
): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = make((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(context, argv, error);
    if (error.exitCode === 0) return ExitCode.ok;
    // Help that was shown because no command was named is what was to be said.
    const isTold = error.code === 'commander.help' || error.code === 'commander.helpDisplayed';
    if (isJson(argv) && !isTold)
      printJsonFailure(context, 'CLI_USAGE', error.message.replace(/^error: /, ''), {});
    return ExitCode.usage;
  }
}

function reportFailure(context: CliContext, argv: readonly string[], error: unknown): number {
  const exitCode = isAppError(error) ? (error.exitCode ?? ExitCode.failed) : ExitCode.failed;
  const { err } = context.output;
  if (isJson(argv)) {
    const code = isAppError(error) ? error.code : 'INTERNAL';
    printJsonFailure(context, code, messageOf(error), isAppError(error) ? error.details : {});
    return exitCode;
  }
  const [first = '', ...more] = messageOf(error).split('\n').map(printable);
  err.write(`${[`${err.style.red('Error:')} ${first}`, ...more].join('\n')}\n`);
  if (!isAppError(error) && error instanceof Error && error.stack !== undefined)
    err.write(`${err.style.dim(error.stack.split('\n').slice(1).join('\n'))}\n`);
  return exitCode;
}

function printJsonFailure(
  { output }: CliContext,
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>>,
): void {
  output.out.write(`${JSON.stringify({ error: { code, message, details } })}\n`);
}

/** Programs read failures, too, where they asked for JSON. */
function isJson(argv: readonly string[]): boolean {
  return argv.includes('--json');
}
