import type { AgentEvent } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';

import type { CliContext } from '../../context.ts';
import { eventText } from '../../services/event-text.ts';
import { localTime } from '../../services/local-time.ts';
import { checkNames } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { followed } from './follow.ts';

/** What happens from now on, until Ctrl-C. */
export async function events(
  context: CliContext,
  names: readonly string[],
  options: AgentOptions,
): Promise<number> {
  const agent = agentFor(context, options);
  checkNames(names, names.length === 0 ? [] : await agent.services());
  const { out } = context.output;
  return followed(context, async (signal) => {
    for await (const event of agent.events({ signal })) {
      const service = serviceOf(event);
      if (names.length > 0 && service !== undefined && !names.includes(service)) continue;
      if (options.json) out.write(`${JSON.stringify(event)}\n`);
      else {
        const text = eventText(event);
        if (text !== undefined) out.write(`${localTime(event.at)} ${printable(text)}\n`);
      }
    }
    return ExitCode.ok;
  });
}

function serviceOf(event: AgentEvent): string | undefined {
  if (event.type === 'dropped') return undefined;
  return event.type === 'changed' ? event.service : event.id.service;
}
