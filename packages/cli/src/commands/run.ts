import { resolve } from 'node:path';

import type { CliContext } from '../context.ts';
import { locateSource } from '../launcher.ts';

/** Becomes the service: this process is from now on what its executable would be. Leaves the process. */
export async function run(context: CliContext, entry: string, args: readonly string[]): Promise<void> {
  const program = await locateSource(resolve(context.cwd, entry));
  const own = args[0] === '--' ? args.slice(1) : args;
  // What `install` registers, and what instances and threads are started with, is the launcher and not this command.
  process.argv.splice(1, Infinity, ...program.args, ...own);
  await import('../run-entry.ts');
}
