import type { AgentClient } from '@mainstay/agent';
import { ExitCode } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import type { LogLine as StoredLine, LogReadOptions } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import { localTime } from '../../services/local-time.ts';
import { readLogLine } from '../../services/log-line.ts';
import { checkNames, parseName } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';
import { followed } from './follow.ts';

export interface LogsOptions extends AgentOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly instance?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** As the program wrote it, without time and name. */
  readonly raw?: boolean;
}

/** What services wrote, of all instances and runs, in the order of time. */
export async function logs(
  context: CliContext,
  names: readonly string[],
  options: LogsOptions,
): Promise<number> {
  const { out } = context.output;
  const agent = agentFor(context, options);
  const wanted = wantedOf(names, options);
  await checkLogged(agent, wanted.services ?? []);
  return followed(context, async (signal) => {
    const query = { ...wanted, lines: options.lines, follow: options.follow === true, signal };
    const since = options.since === undefined ? {} : { since: options.since };
    for await (const line of agent.logs({ ...query, ...since }))
      out.write(`${show(line, options, out.isTTY)}\n`);
    return ExitCode.ok;
  });
}

/** `orders/1` is the same as `orders --instance 1`. Throws CLI_SEVERAL_INSTANCES. */
function wantedOf(
  names: readonly string[],
  { instance }: LogsOptions,
): Pick<LogReadOptions, 'services' | 'instance'> {
  const named = names.map(parseName);
  const instances = new Set(named.map((each) => each.instance ?? instance));
  if (instances.size > 1)
    throw cliErrors.error(
      'CLI_SEVERAL_INSTANCES',
      'The logs of different instances cannot be shown together: name one instance, or whole services',
    );
  const [one = instance] = instances;
  return {
    services: named.length === 0 ? undefined : [...new Set(named.map(({ service }) => service))],
    ...(one !== undefined && { instance: one }),
  };
}

/** A service that the agent has no more may have left lines. Throws SUPERVISOR_UNKNOWN_SERVICE. */
async function checkLogged(agent: AgentClient, services: readonly string[]): Promise<void> {
  if (services.length === 0) return;
  const known = await agent.services();
  for (const service of services) {
    if (known.some(({ name }) => name === service)) continue;
    if (!(await hasLines(agent, service))) checkNames([service], known);
  }
}

async function hasLines(agent: AgentClient, service: string): Promise<boolean> {
  const lines = agent.logs({ services: [service], lines: 1, follow: false });
  return (await lines.next()).done !== true;
}

function show(line: StoredLine, { json, raw }: LogsOptions, isTerminal: boolean): string {
  if (json) return JSON.stringify(line);
  // What a service logs may come from its users: on a terminal it must not act as a command.
  if (raw) return isTerminal ? printable(line.text) : line.text;
  const read = readLogLine(line.text);
  const level = read.level === undefined ? '' : `${read.level.toUpperCase().padEnd(5)} `;
  const stream = line.stream === 'stderr' && read.record === undefined ? '! ' : '';
  return `${localTime(line.time)} ${line.service}/${line.instance}#${line.run} | ${stream}${level}${read.text}`;
}
