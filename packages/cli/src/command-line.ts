import type { Command } from 'commander';

import { addAgentCommands } from './command-line/agent-commands.ts';
import { addMaking } from './command-line/making-commands.ts';
import { adder, newProgram, runProgram, type Done } from './command-line/program.ts';
import { addRunning } from './command-line/running-commands.ts';
import { addServiceCommands } from './command-line/service-commands.ts';
import type { CliContext } from './context.ts';

/** Runs one command line of `mainstay`; resolves with the exit code. Prints failures, and throws nothing. */
export async function runMainstay(argv: readonly string[], context: CliContext): Promise<number> {
  return runProgram(context, argv, (done) => createMainstay(context, done, argv));
}

/** All commands; the reference of the command line is generated from it. */
export function createMainstay(context: CliContext, done: Done, argv: readonly string[] = []): Command {
  const program = newProgram(context, argv).description(
    'Long-running TypeScript programs as one executable and a native OS service',
  );
  const add = adder(program);
  addRunning(context, add, done);
  addServiceCommands(context, add, done);
  addAgentCommands(context, add, done);
  addMaking(context, add, done);
  add('doctor', 'Look whether this machine can run and build services, and say what to do', ['doctor --json'])
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await import('./commands/doctor.ts')).doctor(context, options)));
  add('version', 'Show the version', ['version --json'])
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await import('./commands/version.ts')).version(context, options)));
  return program;
}
