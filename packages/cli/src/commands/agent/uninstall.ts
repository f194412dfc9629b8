import { uninstallAgent } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { unlinkClient } from './client-link.ts';
import { actTimeoutMs } from './control.ts';
import { progressText } from './progress-text.ts';
import { mustBeAllowed, targetOf, type AgentCommandOptions } from './target.ts';

export interface AgentUninstallOptions extends AgentCommandOptions {
  readonly purge?: boolean;
  /** Native services run on. */
  readonly keepNative?: boolean;
}

/** Stops the agent and all its services, and removes it; state and logs go only with `--purge`. */
export async function agentUninstall(context: CliContext, options: AgentUninstallOptions): Promise<number> {
  const { out, err } = context.output;
  const target = await targetOf(context, options);
  mustBeAllowed(target, 'uninstall');
  const purge = options.purge === true;
  const progress = new ProgressLine(err, { now: () => performance.now() });
  const { plan, services, problems } = await uninstallAgent(target, {
    purge,
    keepNative: options.keepNative === true,
    timeoutMs: actTimeoutMs,
    signal: context.interrupted.signal,
    ...(!options.json && { onProgress: (info) => progress.update(progressText(info)) }),
  }).finally(() => progress.end());
  if (target.link !== undefined) await unlinkClient(target.link, target.folder);
  if (options.json) out.write(`${JSON.stringify({ ...plan, services, problems })}\n`);
  else {
    if (plan.changes.length === 0) out.write('The agent is not installed, nothing to do\n');
    else out.write(`${out.style.green('Uninstalled')} the agent\n`);
    for (const { what } of plan.changes) out.write(`  removed ${what}\n`);
    for (const name of services) out.write(`  removed its native service ${name}\n`);
    const { state, logs } = target.directories;
    if (plan.changes.length > 0 && !purge) out.write(`Kept ${state} and ${logs}; --purge removes them\n`);
    for (const text of [...plan.notes, ...problems]) err.write(`${err.style.yellow('Note:')} ${text}\n`);
  }
  return problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}
