import { readFile } from 'node:fs/promises';

import { ExitCode } from '@mainstay/core';

import type { CliContext } from '../context.ts';

export async function version({ output }: CliContext, options: { readonly json?: boolean }): Promise<number> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  const { node } = process.versions;
  output.out.write(
    options.json ? `${JSON.stringify({ version, node })}\n` : `mainstay ${version} (Node ${node})\n`,
  );
  return ExitCode.ok;
}
