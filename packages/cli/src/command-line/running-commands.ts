import type { CliContext } from '../context.ts';
import type { Add, Done } from './program.ts';

/** What runs services here, and looks at manifests. */
export function addRunning(context: CliContext, add: Add, done: Done): void {
  add('up', 'Run the services of mainstay.yaml in the foreground until Ctrl-C', [
    'up',
    'up orders',
    'up -f staging.yaml --json',
  ])
    .argument('[services...]', 'only these')
    .option('-f, --file <file>', 'manifest', 'mainstay.yaml')
    .option('--json', 'print events as JSON lines')
    .option('--plain', 'print lines also on a terminal, in place of the table')
    .action(async (services: string[], options) =>
      done(await (await import('../commands/up.ts')).up(context, services, options)),
    );
  add('validate', 'Check mainstay.yaml, and whether this machine can do what it says', [
    'validate',
    'validate -f staging.yaml --json',
  ])
    .option('-f, --file <file>', 'manifest', 'mainstay.yaml')
    .option('--no-host', 'check the file alone: it is for another machine')
    .option('--json', 'print JSON')
    .action(async (options) =>
      done(await (await import('../commands/validate.ts')).validate(context, options)),
    );
  add('run', 'Run one service from source, or one of the commands that its executable has', [
    'run examples/ticker',
    'run examples/ticker status',
    'run src/main.ts config --json',
  ])
    .argument('<entry>', 'entry file or folder of the service')
    .argument('[args...]', "the executable's own command and its options")
    .passThroughOptions()
    .action(async (entry: string, args: string[]) =>
      (await import('../commands/run.ts')).run(context, entry, args),
    );
}
