import { ExitCode } from '@mainstay/core';

import type { CliContext } from '../../context.ts';
import { readExposition } from '../../services/exposition.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

/** The page that Prometheus reads; with `--json` its samples as one list. */
export async function metrics(context: CliContext, options: AgentOptions): Promise<number> {
  const page = await agentFor(context, options).metrics();
  context.output.out.write(options.json ? `${JSON.stringify(readExposition(page))}\n` : page);
  return ExitCode.ok;
}
