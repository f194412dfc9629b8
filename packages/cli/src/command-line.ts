import { ExitCode, isAppError, messageOf } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import { Command, CommanderError } from 'commander';

import { addServiceCommands, type Add, type Done } from './command-line/service-commands.ts';
import type { CliContext } from './context.ts';

/** Runs one command line of `mainstay`; resolves with the exit code. Prints failures, and throws nothing. */
export async function runMainstay(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = createMainstay(context, (code) => {
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

function reportFailure({ output }: CliContext, argv: readonly string[], error: unknown): number {
  const exitCode = isAppError(error) ? (error.exitCode ?? ExitCode.failed) : ExitCode.failed;
  const { out, err } = output;
  if (argv.includes('--json')) {
    const code = isAppError(error) ? error.code : 'INTERNAL';
    const details = isAppError(error) ? error.details : {};
    out.write(`${JSON.stringify({ error: { code, message: messageOf(error), details } })}\n`);
    return exitCode;
  }
  const [first = '', ...more] = messageOf(error).split('\n').map(printable);
  err.write(`${[`${err.style.red('Error:')} ${first}`, ...more].join('\n')}\n`);
  if (!isAppError(error) && error instanceof Error && error.stack !== undefined)
    err.write(`${err.style.dim(error.stack.split('\n').slice(1).join('\n'))}\n`);
  return exitCode;
}

/** All commands; the reference of the command line is generated from it. */
export function createMainstay(context: CliContext, done: (exitCode: number) => void): Command {
  const { out, err } = context.output;
  const program = new Command('mainstay')
    .description('Long-running TypeScript programs as one executable and a native OS service')
    .usage('<command> [options]')
    .helpCommand('help [command]', 'Show how to use a command')
    .showHelpAfterError('See `mainstay --help`')
    .enablePositionalOptions()
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
      .showHelpAfterError(`See \`mainstay ${command} --help\``)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  mainstay ${line}`).join('\n')}`);
  addRunning(context, add, done);
  addServiceCommands(context, add, done);
  addMaking(context, add, done);
  add('doctor', 'Look whether this machine can run and build services, and say what to do', ['doctor --json'])
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await import('./commands/doctor.ts')).doctor(context, options)));
  add('version', 'Show the version', ['version --json'])
    .option('--json', 'print JSON')
    .action(async (options) => done(await (await import('./commands/version.ts')).version(context, options)));
  return program;
}

function addRunning(context: CliContext, add: Add, done: Done): void {
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
      done(await (await import('./commands/up.ts')).up(context, services, options)),
    );
  add('validate', 'Check mainstay.yaml, and whether this machine can do what it says', [
    'validate',
    'validate -f staging.yaml --json',
  ])
    .option('-f, --file <file>', 'manifest', 'mainstay.yaml')
    .option('--no-host', 'check the file alone: it is for another machine')
    .option('--json', 'print JSON')
    .action(async (options) =>
      done(await (await import('./commands/validate.ts')).validate(context, options)),
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
      (await import('./commands/run.ts')).run(context, entry, args),
    );
}

function addMaking(context: CliContext, add: Add, done: Done): void {
  add('build', 'Build one executable per target from a service', [
    'build examples/orders-api',
    'build . --target linux-x64,win-x64 --out dist',
    'build . --target linux-x64 --image',
    'build . --target win-x64 --icon app.ico --sign "osslsigncode sign -in {file} -out {output}"',
  ])
    .argument('[entry]', 'entry file or folder of the service', '.')
    .option('-t, --target <targets>', 'platforms, with commas (default: this machine)', collect)
    .option('-o, --out <directory>', 'where the executables go', 'out')
    .option('--name <name>', 'name of the service and of the files (default: from package.json)')
    .option('--icon <file>', 'an .ico file for the Windows executables')
    .option('--sign <command>', 'signs each finished Windows executable: {file} is its path')
    .option('--image', 'also make a container image (OCI archive) for each Linux target')
    .option('--image-root <directory>', "file system that the image's shared libraries are from (default: /)")
    .option('--image-base <layout>', 'OCI image layout that the image is built on')
    .option('--source-map', 'write a source map beside the executables')
    .option('--no-type-check', 'do not have TypeScript check the service first')
    .option('--no-commit', 'do not record the Git commit')
    .option('--cache <directory>', 'where downloaded runtimes are kept')
    .option('--json', 'print the manifest as JSON')
    .action(async (entry: string, options) =>
      done(await (await import('./commands/build.ts')).build(context, entry, options)),
    );
  add('import', 'Make a mainstay.yaml from what pm2, WinSW or systemd run', [
    'import ecosystem.config.js',
    'import orders.service worker.service -o mainstay.yaml',
    'import OrdersApi.xml --from winsw',
  ])
    .argument('<files...>', "pm2's ecosystem file, WinSW's XML, systemd's units")
    .option('--from <kind>', 'what the files are of: pm2, winsw or systemd (default: seen from the file)')
    .option('--env <name>', "of pm2's file: use its env_<name> too")
    .option('-o, --out <file>', 'manifest to write', 'mainstay.yaml')
    .option('--stdout', 'print the manifest in place of writing it')
    .option('--force', 'replace a manifest that is there')
    .option('--json', 'print JSON')
    .action(async (files: string[], options) =>
      done(await (await import('./commands/import.ts')).importServices(context, files, options)),
    );
  add('init', 'Make a new service project that builds', ['init my-service'])
    .argument('<name>', 'name of the service and of its folder')
    .option('--description <text>', 'one sentence about it')
    .option('--json', 'print JSON')
    .action(async (name: string, options) =>
      done(await (await import('./commands/init.ts')).init(context, name, options)),
    );
}

function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), ...text.split(',').filter((part) => part.trim() !== '')];
}
