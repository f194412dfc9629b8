import { createProject } from '@mainstay/build';
import { ExitCode } from '@mainstay/core';

import type { CliContext } from '../context.ts';

interface InitOptions {
  readonly description?: string;
  readonly json?: boolean;
}

export async function init(context: CliContext, name: string, options: InitOptions): Promise<number> {
  const { description } = options;
  const created = await createProject({
    name,
    parentFolder: context.cwd,
    ...(description === undefined ? {} : { description }),
  });
  const { out } = context.output;
  if (options.json) {
    out.write(`${JSON.stringify(created)}\n`);
    return ExitCode.ok;
  }
  out.write(`${out.style.green('Made')} ${created.folder}\n`);
  for (const file of created.files) out.write(`  ${file}\n`);
  out.write(`Next: mainstay run ${name}, then mainstay build ${name}\n`);
  return ExitCode.ok;
}
