import type { Action } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { ProgressLine } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import { checkNames, wholeServices } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { printServices } from './ps.ts';

const doing: Readonly<Record<Action, string>> = {
  start: 'Starting',
  stop: 'Stopping',
  restart: 'Restarting',
  reload: 'Reloading',
};

/** Asks the agent, waits until it is done, and shows how the services are then. */
export async function act(
  context: CliContext,
  action: Action,
  given: readonly string[],
  options: AgentOptions & { readonly all?: boolean },
): Promise<number> {
  // Nothing named is a slip more often than a wish, and a stop of everything is hard to take back.
  if (given.length === 0 && options.all !== true)
    throw cliErrors.error('CLI_NOTHING_NAMED', `Name the services to ${action}, or write --all`);
  if (given.length > 0 && options.all === true)
    throw cliErrors.error('CLI_NOTHING_NAMED', 'Name services or write --all, not both');
  const names = wholeServices(given, action);
  const agent = agentFor(context, options);
  if (names.length > 0) checkNames(names, await agent.services());
  const progress = options.json
    ? undefined
    : new ProgressLine(context.output.err, { now: () => performance.now() });
  progress?.update(`${doing[action]} ${names.length === 0 ? 'all services' : names.join(', ')}`);
  const services = await agent
    .act(action, names, { signal: context.interrupted.signal })
    .finally(() => progress?.end());
  const changed = names.length === 0 ? services : services.filter(({ name }) => names.includes(name));
  if (options.json) context.output.out.write(`${JSON.stringify(changed)}\n`);
  else printServices(context, changed);
  const isFailed = changed.some(({ state }) => state === 'failed' || state === 'parked');
  return isFailed ? ExitCode.failed : ExitCode.ok;
}
