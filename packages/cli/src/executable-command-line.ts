import { processOutput } from '@mainstay/service/terminal';

import { addAgentCommands } from './command-line/agent-commands.ts';
import { adder, newProgram, runProgram } from './command-line/program.ts';
import { addServiceCommands } from './command-line/service-commands.ts';
import type { CliContext } from './context.ts';

/** What every service's executable can do, and ours does not do in a way of its own. */
const inherited = new Set(['config', 'doctor', 'logs', 'run', 'version']);

/** `version`, and `agent logs` and the like, are left to the commands that every service has. */
export async function runExecutable(argv: readonly string[]): Promise<number | readonly string[]> {
  const [first, second = ''] = argv;
  if (first === 'version') return argv;
  if (first === 'agent' && inherited.has(second)) return argv.slice(1);
  const context: CliContext = {
    env: process.env,
    cwd: process.cwd(),
    output: processOutput(),
    interrupted: new AbortController(),
  };
  const given = argv.length > 0 ? argv : ['--help'];
  return runProgram(context, given, (done) => {
    const program = newProgram(context, given)
      .description('Keeps services running on this machine')
      .addHelpText('after', '\nThe agent itself also has: mainstay agent logs | config | doctor');
    const add = adder(program);
    addServiceCommands(context, add, done);
    addAgentCommands(context, add, done);
    return program;
  });
}
