import { ExitCode, type ManagerAction } from '@mainstay/core';
import { Command, CommanderError, Option } from 'commander';

import type { CommandContext } from './context.ts';
import { reportFailure } from './failure.ts';
import {
  countOption,
  durationOption,
  environmentOption,
  listOption,
  nameOption,
  repeatedOption,
  sinceOption,
} from './options.ts';

/** The name that the user calls this program by, for help texts. */
function callName(context: CommandContext): string {
  return context.definition.name;
}

/** Runs one command line; resolves with the exit code. Prints failures, and throws nothing. */
export async function runCommandLine(argv: readonly string[], context: CommandContext): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = createCommandLine(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return reportFailure(context, argv, error);
  }
}

/** All commands of an executable; the reference of the command line is generated from it. */
export function createCommandLine(context: CommandContext, done: (exitCode: number) => void): Command {
  const name = callName(context);
  const { out, err } = context.output;
  const program = new Command(name)
    .description(context.definition.description ?? context.definition.displayName ?? name)
    .usage('[command] [options]')
    .helpCommand('help [command]', 'Show how to use a command')
    .showHelpAfterError(`See \`${name} --help\``)
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      // Commander's own failures in the words of all others.
      outputError: (text, write) => write(text.replace(/^error: /, `${err.style.red('Error:')} `)),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  const add = (command: string, summary: string, examples: readonly string[]): Command =>
    program
      .command(command)
      .description(summary)
      .showHelpAfterError(`See \`${name} ${command} --help\``)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${name} ${line}`).join('\n')}`);
  addRun(context, add, done);
  addInstallation(context, add, done);
  for (const [command, action, summary] of controls) addControl(context, add, done, command, action, summary);
  addInspection(context, add, done);
  return program;
}

type Add = (command: string, summary: string, examples: readonly string[]) => Command;
type Done = (exitCode: number) => void;

const controls: ReadonlyArray<readonly [string, ManagerAction, string]> = [
  ['start', 'start', 'Start the service and wait until it is up'],
  ['stop', 'stop', 'Stop the service and wait until it has ended'],
  ['restart', 'restart', 'Stop the service if it runs, and start it'],
  ['pause', 'pause', 'Have the service stop working without ending'],
  ['resume', 'continue', 'Have a paused service go on'],
  ['reload', 'reload', 'Have the service read its configuration again'],
];

function target(command: Command): Command {
  return command
    .option('--user', "the current user's services, in place of the machine's")
    .addOption(new Option('--name <name>', 'name that it is installed under').argParser(nameOption));
}

function json(command: Command): Command {
  return command.option('--json', 'print JSON');
}

function dryRun(command: Command, what: string): Command {
  return command.option('--dry-run', what);
}

function timeout(command: Command): Command {
  return command.addOption(
    new Option('--timeout <duration>', 'how long to wait for the state, such as 30s').argParser(
      durationOption,
    ),
  );
}

function configOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file, in place of where it is looked for')
    .addOption(
      new Option('--set <key=value>', 'set a value of the configuration (repeatable)').argParser(
        repeatedOption,
      ),
    );
}

function addRun(context: CommandContext, add: Add, done: Done): void {
  configOptions(
    add('run', 'Run the service in the foreground (what no command does, too)', [
      'run',
      'run --set port=9000',
    ]),
  )
    .addOption(
      new Option('--name <name>', 'name that it goes by, as `install --name` gives it').argParser(nameOption),
    )
    .action(async (options: { config?: string; name?: string; set?: readonly string[] }) => {
      const args = options.config === undefined ? [] : ['--config', options.config];
      if (options.name !== undefined) args.push('--name', options.name);
      for (const assignment of options.set ?? []) args.push('--set', assignment);
      done((await context.run?.(args)) ?? ExitCode.failed);
    });
}

function addInstallation(context: CommandContext, add: Add, done: Done): void {
  const install = add(
    'install',
    'Install as a service of the operating system, or repair what is installed',
    [
      'install --now',
      'install --dry-run',
      'install --copy --account www-data --env PORT=8080 --depends-on postgresql.service',
      'install --user',
    ],
  );
  timeout(
    json(dryRun(configOptions(target(install)), 'show what would change as a diff, and change nothing')),
  )
    .option('--now', 'start it at once (or restart it, if what changed needs that)')
    .option('--no-autostart', 'do not start it with the machine')
    .option('--account <name>', 'account to run as; "virtual" is one of its own', 'virtual')
    .addOption(
      new Option('--depends-on <names>', 'services that start first (repeatable, or with commas)').argParser(
        listOption,
      ),
    )
    .addOption(
      new Option('--env <key=value>', "a variable in the service's environment (repeatable)").argParser(
        environmentOption,
      ),
    )
    .addOption(
      new Option('--restart <policy>', 'when the operating system starts it again')
        .choices(['always', 'on-failure', 'never'])
        .default('always'),
    )
    .option('--display-name <text>', 'name for people')
    .option('--description <text>', 'one line about it')
    .option('--copy', 'copy the executable to where services belong on this platform')
    .option('--to <directory>', 'copy the executable to this directory')
    .action(async (options) => done(await (await import('./install.ts')).install(context, options)));
  const uninstall = add('uninstall', 'Stop the service and remove it; its data stays', [
    'uninstall',
    'uninstall --purge --dry-run',
  ]);
  timeout(json(dryRun(target(uninstall), 'show what would be removed, and remove nothing')))
    .option('--purge', 'remove its state and logs, too')
    .action(async (options) => done(await (await import('./uninstall.ts')).uninstall(context, options)));
}

function addControl(
  context: CommandContext,
  add: Add,
  done: Done,
  command: string,
  action: ManagerAction,
  summary: string,
): void {
  timeout(
    json(
      dryRun(
        target(add(command, summary, [command, `${command} --timeout 2m --json`])),
        'only say what would be done',
      ),
    ),
  ).action(async (options) => done(await (await import('./control.ts')).control(context, action, options)));
}

function addInspection(context: CommandContext, add: Add, done: Done): void {
  json(
    target(
      add('status', 'Show the state; exits 0 running, 3 not running, 5 not installed', [
        'status',
        'status --json',
      ]),
    ),
  ).action(async (options) => done(await (await import('./status.ts')).status(context, options)));
  json(target(add('logs', 'Show what the service wrote', ['logs --follow', 'logs --since 10m --lines 1000'])))
    .option('-f, --follow', 'go on showing what it writes, until Ctrl-C')
    .addOption(new Option('-n, --lines <count>', 'lines from the past').argParser(countOption).default(100))
    .addOption(
      new Option('--since <time>', 'a date, or a duration before now').argParser(sinceOption(context.now)),
    )
    .action(async (options) => done(await (await import('./logs.ts')).logs(context, options)));
  json(
    configOptions(
      target(
        add('config', 'Show each value of the configuration and where it comes from; exits 6 when invalid', [
          'config',
          'config --set port=9000 --json',
        ]),
      ),
    ),
  ).action(async (options) => done(await (await import('./config.ts')).config(context, options)));
  json(
    configOptions(
      target(
        add('doctor', 'Look for what could keep the service from running, and say what to do', [
          'doctor',
          'doctor --user --json',
        ]),
      ),
    ),
  ).action(async (options) => done(await (await import('./doctor/index.ts')).doctor(context, options)));
  json(add('version', 'Show the version, and what it was built from', ['version --json'])).action(
    async (options) => done((await import('./version.ts')).version(context, options)),
  );
}
