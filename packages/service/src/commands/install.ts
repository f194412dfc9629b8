import { posix, win32 } from 'node:path';

import { ExitCode, type ServicePlan } from '@mainstay/core';

import { printJson, targetOf, type CommandContext, type JsonOption, type Launch } from './context.ts';
import { act } from './control.ts';
import { commandErrors } from './errors.ts';
import { copyExecutable, placeFor, placeProblem, surroundingsOf } from './executable-place.ts';
import { printChanges, printDiff, printNotes } from './plan-output.ts';
import { buildSpec, type InstallOptions } from './spec.ts';

export interface InstallCommandOptions extends InstallOptions, JsonOption {
  readonly dryRun?: boolean;
  readonly now?: boolean;
  readonly copy?: boolean;
  readonly to?: string;
  readonly timeout?: number;
}

/** Makes the OS's service manager know the service as asked: creates, repairs drift, or finds nothing to do. */
export async function install(context: CommandContext, options: InstallCommandOptions): Promise<number> {
  const { manager, name } = await targetOf(context, options);
  const launch = launchAfterCopy(context, options, name, manager.scope);
  const spec = buildSpec(context.definition, options, manager, launch);
  const { err, out } = context.output;
  const surroundings = surroundingsOf(context.platform, context.env);
  const problem = placeProblem(launch.executable, manager.scope, surroundings);
  if (problem !== undefined) {
    err.write(
      `${err.style.yellow('Warning:')} the service will run ${launch.executable}, but ${problem}; ` +
        `with --copy it is installed as ${placeFor(name, manager.scope, surroundings)}\n`,
    );
  }
  if (options.dryRun) {
    const plan = await manager.plan(spec);
    if (options.json) printJson(context, { name, dryRun: true, ...plan });
    else {
      printDiff(context, plan);
      if (plan.changes.length === 0) out.write(`${name} is installed as asked; nothing would change\n`);
      printNotes(context, plan);
    }
    return ExitCode.ok;
  }
  const before = await manager.query(name);
  if (launch.executable !== context.launch.executable)
    await copyExecutable(context.launch.executable, launch.executable, context.platform);
  const plan = await manager.install(spec);
  if (!options.json) report(context, name, plan, before.state === 'not-installed');
  const running = before.pid !== undefined;
  let started: string | undefined;
  if (options.now) {
    const action = running && plan.needsRestart ? 'restart' : 'start';
    const info = await act(context, { manager, name }, action, { ...options, quiet: options.json === true });
    started = info.state;
  } else if (running && plan.needsRestart && !options.json) {
    out.write(`${name} still runs as before; \`restart\` picks the change up\n`);
  }
  if (options.json)
    printJson(context, { name, ...plan, ...(started === undefined ? {} : { state: started }) });
  else if (before.state === 'not-installed' && !options.now) out.write('Not started yet: run `start`\n');
  return ExitCode.ok;
}

/** With --copy or --to, the program that will be there when the executable has been copied. */
function launchAfterCopy(
  context: CommandContext,
  options: InstallCommandOptions,
  name: string,
  scope: 'system' | 'user',
): Launch {
  if (!options.copy && options.to === undefined) return context.launch;
  if (!context.build) {
    throw commandErrors.error(
      'COMMAND_NOT_AN_EXECUTABLE',
      `${options.copy ? '--copy' : '--to'} needs a built executable, and ${name} runs from source: ` +
        'build it with `mainstay build` first',
    );
  }
  const path = context.platform === 'win32' ? win32 : posix;
  const executable =
    options.to === undefined
      ? placeFor(name, scope, surroundingsOf(context.platform, context.env))
      : path.resolve(path.join(options.to, path.basename(context.launch.executable)));
  return { executable, args: [] };
}

function report(context: CommandContext, name: string, plan: ServicePlan, fresh: boolean): void {
  const { out } = context.output;
  if (plan.changes.length === 0) out.write(`${name} is installed already, as asked\n`);
  else out.write(`${out.style.green(fresh ? 'Installed' : 'Updated')} ${name}\n`);
  printChanges(context, plan);
  printNotes(context, plan);
}
