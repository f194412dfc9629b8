import { processOutput } from '@mainstay/service/terminal';

import { adder, newProgram, runProgram } from './command-line/program.ts';
import { addServiceCommands } from './command-line/service-commands.ts';
import type { CliContext } from './context.ts';

/** `agent …` and `version` are left to the commands that every service has; the rest is asked of a running agent. */
export async function runExecutable(argv: readonly string[]): Promise<number | readonly string[]> {
  if (argv[0] === 'agent') return argv.length > 1 ? argv.slice(1) : ['--help'];
  if (argv[0] === 'version') return argv;
  const context: CliContext = {
    env: process.env,
    cwd: process.cwd(),
    output: processOutput(),
    interrupted: new AbortController(),
  };
  const given = argv.length > 0 ? argv : ['--help'];
  return runProgram(context, given, (done) => {
    const program = newProgram(context)
      .description('Keeps services running on this machine')
      .addHelpText('after', '\nThe agent itself: mainstay agent --help');
    addServiceCommands(context, adder(program), done);
    return program;
  });
}
