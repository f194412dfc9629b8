import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { agentServiceName, buildAgent, type BuiltAgent } from '@mainstay/agent';
import { messageOf } from '@mainstay/core';

import { BuildProgressView } from '../../build-progress.ts';
import type { CliContext } from '../../context.ts';
import { cliErrors } from '../../errors.ts';
import type { Machine } from '../../machine.ts';

/** How long an executable may take to say its version, in milliseconds. */
const versionTimeoutMs = 30_000;

/**
 * What is to be installed: the file that was named; this program itself, when it is an executable; else one that is
 * built now. Throws CLI_NO_AGENT_EXECUTABLE, and the builder's errors.
 */
export async function executableOf(
  { output, interrupted }: CliContext,
  { executable: own }: Machine,
  { executable = own, quiet }: { readonly executable?: string | undefined; readonly quiet: boolean },
): Promise<BuiltAgent> {
  if (executable !== undefined)
    return { executable, version: await versionOf(executable), dispose: () => Promise.resolve() };
  const view = new BuildProgressView(output.err, { now: () => performance.now(), quiet });
  try {
    return await buildAgent({
      input: fileURLToPath(new URL('../../executable.ts', import.meta.url)),
      name: 'mainstay',
      onProgress: (event) => view.show(event),
      signal: interrupted.signal,
    });
  } finally {
    view.end();
  }
}

async function versionOf(executable: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(executable, ['version', '--json'], {
      timeout: versionTimeoutMs,
    });
    const { name, version } = JSON.parse(stdout) as { readonly name?: unknown; readonly version?: unknown };
    if (name === agentServiceName && typeof version === 'string') return version;
    throw new Error(`it is ${JSON.stringify(name)}`);
  } catch (error) {
    throw cliErrors.error(
      'CLI_NO_AGENT_EXECUTABLE',
      `${executable} is not an executable of the agent for this machine: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
