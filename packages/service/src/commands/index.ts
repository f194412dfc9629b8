import { createManager, oncePerKeyPress } from '@mainstay/platform';

import type { ServiceDefinition } from '../types.ts';
import { runCommandLine } from './command-line.ts';
import type { BuildInfo, CommandContext, Launch } from './context.ts';
import { processOutput } from './terminal/index.ts';

export { createCommandLine, runCommandLine } from './command-line.ts';
export type { BuildInfo, CommandContext, Launch } from './context.ts';
export { commandErrors } from './errors.ts';

/** What `main` knows about the program. */
export interface ProgramContext {
  readonly definition: ServiceDefinition;
  readonly build?: BuildInfo;
  /** @default this executable, or from source this Node with what stands before `argv` */
  readonly launch?: Launch;
  /** Runs the service in the foreground, for `run` with options that `main` leaves to the command line. */
  readonly run?: (args: readonly string[]) => Promise<number>;
}

/** 128 + SIGINT, as shells report it. */
const interruptedExitCode = 130;

/** Runs one of the executable's own commands. @returns the exit code */
export async function runCommand(argv: readonly string[], program: ProgramContext): Promise<number> {
  const { run } = program;
  const interrupted = new AbortController();
  // The second Ctrl-C ends the process as if nobody listened.
  const interrupt = oncePerKeyPress(() => {
    if (interrupted.signal.aborted) process.exit(interruptedExitCode);
    interrupted.abort();
  });
  process.on('SIGINT', interrupt);
  const context: CommandContext = {
    definition: program.definition,
    build: program.build,
    launch: program.launch ?? defaultLaunch(program.build, argv),
    env: process.env,
    platform: process.platform,
    output: processOutput(),
    now: () => Date.now(),
    signal: interrupted.signal,
    createManager: (scope) => createManager({ scope }),
    ...(run && {
      run: (args: readonly string[]) => {
        // The service has a host that listens.
        process.off('SIGINT', interrupt);
        return run(args);
      },
    }),
  };
  return runCommandLine(argv, context);
}

/** What stands before the command: nothing in an executable, from source the launcher and the service's entry. */
function defaultLaunch(build: BuildInfo | undefined, argv: readonly string[]): Launch {
  const args = build ? [] : process.argv.slice(1, process.argv.length - argv.length);
  return { executable: process.execPath, args };
}
