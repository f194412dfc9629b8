import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { ExitCode } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';
import type { Plan } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import { loadManifest } from '../../manifest/load-manifest.ts';
import { describePlan, isEmpty } from '../../services/plan-text.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { printServices } from './ps.ts';

export interface ApplyOptions extends AgentOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Shows the plan, asks on a terminal, carries it out. A manifest with a problem changes nothing. */
export async function apply(context: CliContext, options: ApplyOptions): Promise<number> {
  const { out, err } = context.output;
  const agent = agentFor(context, options);
  const { manifest } = await loadManifest(resolve(context.cwd, options.file), context.env);
  const plan = await agent.plan(manifest);
  if (options.dryRun || isEmpty(plan)) {
    if (options.json) out.write(`${JSON.stringify(plan)}\n`);
    else out.write(`${describePlan(plan, out.style)}\n`);
    return isEmpty(plan) ? ExitCode.ok : ExitCode.failed;
  }
  if (!options.json) out.write(`${describePlan(plan, out.style)}\n`);
  if (!options.yes) await confirm(context, plan);
  const progress = options.json ? undefined : new ProgressLine(err, { now: () => performance.now() });
  progress?.update('Applying the manifest');
  const done = await agent
    .apply(manifest, { signal: context.interrupted.signal })
    .finally(() => progress?.end());
  const services = await agent.services();
  if (options.json) out.write(`${JSON.stringify({ ...done, services })}\n`);
  else printServices(context, services);
  const isFailed = services.some(({ state }) => state === 'failed' || state === 'parked');
  return isFailed ? ExitCode.failed : ExitCode.ok;
}

/** Asks where somebody can answer; a script says --yes, unless nothing that runs is touched. */
async function confirm({ output }: CliContext, plan: Plan): Promise<void> {
  const isHarmless = plan.changes.every(({ action }) => action === 'add' || action === 'update');
  if (isHarmless) return;
  if (!output.out.isTTY || !process.stdin.isTTY)
    throw cliErrors.error(
      'CLI_NOT_CONFIRMED',
      'This stops or restarts services, and nobody can be asked here; write --yes to go on',
    );
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question('Go on? [y/N] ').finally(() => prompt.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw cliErrors.error('CLI_NOT_CONFIRMED', 'Nothing was changed');
}
