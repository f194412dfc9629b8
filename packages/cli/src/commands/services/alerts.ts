import { ExitCode } from '@mainstay/core';
import { printable, ProgressLine } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

/** Sends a test alert to every target of the manifest; exit code 1 when one did not get it, or there is none. */
export async function testAlerts(context: CliContext, options: AgentOptions): Promise<number> {
  const { out, err } = context.output;
  const agent = agentFor(context, options);
  const progress = options.json ? undefined : new ProgressLine(err, { now: () => performance.now() });
  progress?.update('Sending a test alert');
  const targets = await agent
    .testAlerts({ signal: context.interrupted.signal })
    .finally(() => progress?.end());
  if (options.json) out.write(`${JSON.stringify(targets)}\n`);
  else if (targets.length === 0)
    err.write('The manifest has no targets for alerts: see `alerts.to` in its reference\n');
  else
    for (const { target, problem } of targets) {
      const outcome = problem === undefined ? out.style.green('arrived') : out.style.red(printable(problem));
      out.write(`${printable(target)}: ${outcome}\n`);
    }
  const isWell = targets.length > 0 && targets.every(({ problem }) => problem === undefined);
  return isWell ? ExitCode.ok : ExitCode.failed;
}
