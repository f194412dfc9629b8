import { ExitCode } from '@mainstay/core';

import { printJson, targetOf, type CommandContext, type JsonOption, type TargetOptions } from './context.ts';
import { defaultTimeoutMs, stateText } from './control.ts';
import { printChanges, printDiff, printNotes } from './plan-output.ts';
import { ProgressLine } from './terminal/index.ts';

export interface UninstallOptions extends TargetOptions, JsonOption {
  readonly dryRun?: boolean;
  readonly purge?: boolean;
  readonly timeout?: number;
}

/** Stops the service and removes it; its data goes only with `purge`. */
export async function uninstall(context: CommandContext, options: UninstallOptions): Promise<number> {
  const { manager, name } = await targetOf(context, options);
  const purge = options.purge === true;
  const { out, err } = context.output;
  if (options.dryRun) {
    const plan = await manager.planUninstall(name, { purge });
    if (options.json) printJson(context, { name, dryRun: true, ...plan });
    else {
      printDiff(context, plan);
      if (plan.changes.length === 0) out.write(`${name} is not installed; nothing would change\n`);
      printNotes(context, plan);
    }
    return ExitCode.ok;
  }
  const progress = new ProgressLine(err, { now: context.now });
  try {
    const plan = await manager.uninstall(name, {
      purge,
      timeoutMs: options.timeout ?? defaultTimeoutMs(context, 'stop'),
      signal: context.signal,
      ...(options.json ? {} : { onProgress: (info) => progress.update(stateText(info)) }),
    });
    progress.end();
    if (options.json) {
      printJson(context, { name, ...plan });
      return ExitCode.ok;
    }
    if (plan.changes.length === 0) out.write(`${name} is not installed, nothing to do\n`);
    else {
      out.write(`${out.style.green('Uninstalled')} ${name}\n`);
      printChanges(context, plan);
      if (!purge) {
        const { state, logs } = manager.directoriesFor(name);
        out.write(`Kept its data in ${[...new Set([state, logs])].join(' and ')}; --purge removes it\n`);
      }
    }
    printNotes(context, plan);
    return ExitCode.ok;
  } finally {
    progress.end();
  }
}
