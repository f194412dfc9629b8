import { ExitCode } from '@mainstay/core';
import { printable } from '@mainstay/service/terminal';
import type { Explanation } from '@mainstay/supervisor';

import type { CliContext } from '../../context.ts';
import { readLogLine } from '../../services/log-line.ts';
import { checkInstance, parseName } from '../../services/names.ts';
import { agentFor, type AgentOptions } from './agent-options.ts';

/** One sentence for each instance, or for the one that was named, and what it rests on. */
export async function why(context: CliContext, name: string, options: AgentOptions): Promise<number> {
  const agent = agentFor(context, options);
  const named = parseName(name);
  checkInstance(named, await agent.services());
  const explanations = (await agent.why(named.service)).filter(
    ({ instance }) => named.instance === undefined || instance === named.instance,
  );
  const { out } = context.output;
  if (options.json) out.write(`${JSON.stringify(explanations)}\n`);
  else out.write(`${explanations.map((one) => paragraph(one, out.style.dim)).join('\n\n')}\n`);
  return ExitCode.ok;
}

/** A line of JSON says in few words what it says. */
function outputLine(line: string): string {
  const { level, text, record } = readLogLine(line);
  return record ? `${(level ?? '').toUpperCase().padEnd(5)} ${text}` : text;
}

function paragraph({ sentence, evidence }: Explanation, dim: (text: string) => string): string {
  const width = Math.max(0, ...evidence.map(({ label }) => label.length));
  // Several lines of output stay below each other.
  const lines = evidence.flatMap(({ label, text }) =>
    text
      .split('\n')
      .map((line) => (label === 'output' ? outputLine(line) : line))
      .map((line, index) => `  ${dim((index === 0 ? label : '').padEnd(width))}  ${printable(line)}`),
  );
  return [printable(sentence), ...lines].join('\n');
}
