import { ExitCode } from '@mainstay/core';

import { printJson, type CommandContext, type JsonOption } from './context.ts';

/** What this program is made of. */
export function versionFacts(context: CommandContext): Readonly<Record<string, string | null>> {
  const { build, definition } = context;
  return {
    name: definition.name,
    version: definition.version ?? build?.version ?? '0.0.0',
    target: build?.target ?? null,
    node: build?.nodeVersion ?? process.versions.node,
    mainstay: build?.mainstayVersion ?? null,
    commit: build?.commit ?? null,
  };
}

export function version(context: CommandContext, options: JsonOption): number {
  const facts = versionFacts(context);
  if (options.json) {
    printJson(context, facts);
    return ExitCode.ok;
  }
  const { out } = context.output;
  out.write(`${facts.name} ${facts.version}${facts.target === null ? ' (from source)' : ''}\n`);
  for (const key of ['target', 'node', 'mainstay', 'commit'])
    if (typeof facts[key] === 'string') out.write(`  ${key.padEnd(9)} ${facts[key]}\n`);
  return ExitCode.ok;
}
