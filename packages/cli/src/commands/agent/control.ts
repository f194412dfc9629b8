import { actOnAgent, agentServiceName } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { progressText } from './progress-text.ts';
import { mustBeAllowed, targetOf, type AgentCommandOptions } from './target.ts';

/** The agent stops its services first, which have three minutes for it; in milliseconds. */
export const actTimeoutMs = 300_000;

const done = { start: 'Started', stop: 'Stopped', restart: 'Restarted' } as const;

/** Starts or stops the installed agent, and with it all but its native services. */
export async function agentControl(
  context: CliContext,
  action: 'start' | 'stop' | 'restart',
  options: AgentCommandOptions,
): Promise<number> {
  const { out, err } = context.output;
  const target = await targetOf(context, options);
  mustBeAllowed(target, action);
  const progress = new ProgressLine(err, { now: () => performance.now() });
  const info = await actOnAgent(target, action, {
    timeoutMs: actTimeoutMs,
    signal: context.interrupted.signal,
    ...(!options.json && { onProgress: (state) => progress.update(progressText(state)) }),
  }).finally(() => progress.end());
  if (options.json) out.write(`${JSON.stringify(info)}\n`);
  else {
    const pid = info.pid === undefined ? '' : `, pid ${info.pid}`;
    out.write(`${out.style.green(done[action])} ${agentServiceName}${pid}\n`);
  }
  return ExitCode.ok;
}
