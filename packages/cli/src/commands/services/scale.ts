import { ExitCode } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { checkNames, wholeServices } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { printServices } from './ps.ts';

/** Changes how many instances run, until the manifest says another number. */
export async function scale(
  context: CliContext,
  name: string,
  instances: number,
  options: AgentOptions,
): Promise<number> {
  const agent = agentFor(context, options);
  checkNames(wholeServices([name], 'scale'), await agent.services());
  const progress = options.json
    ? undefined
    : new ProgressLine(context.output.err, { now: () => performance.now() });
  progress?.update(`Scaling ${name} to ${instances}`);
  const { service } = await agent.scale(name, instances).finally(() => progress?.end());
  if (options.json) context.output.out.write(`${JSON.stringify(service)}\n`);
  else printServices(context, [service]);
  return ExitCode.ok;
}
