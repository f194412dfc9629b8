import { dirname } from 'node:path';

import { directoriesBeside, directoryFacts, findAgent } from '@mainstay/agent';
import { isAppError } from '@mainstay/core';
import { checkManifest } from '@mainstay/supervisor/check';

import { socketOf } from '../services/agent-facts.ts';
import { invalidManifest, loadManifest, type LoadedManifest } from './load-manifest.ts';
import { machineFacts } from './machine-facts.ts';

/**
 * A manifest that this machine can run. Throws MANIFEST_NOT_FOUND and MANIFEST_INVALID, with every problem at its place.
 *
 * @param socketPath of the agent that will run it; undefined: there is none yet
 */
export async function checkedManifest(
  file: string,
  env: NodeJS.ProcessEnv,
  socketPath: string | undefined,
): Promise<LoadedManifest> {
  const loaded = await loadManifest(file, env);
  const facts = await machineFacts(loaded.manifest, env, socketPath);
  const problems = await checkManifest(loaded.manifest, loaded.positions, facts);
  if (problems.length > 0) throw invalidManifest(file, problems);
  return loaded;
}

/** Of the agent that `up` is, or was, for a manifest. */
export function socketBeside(file: string): string {
  return socketOf(directoriesBeside(dirname(file), directoryFacts()));
}

/** Of the agent that commands in this folder would talk to; undefined when there is none. */
export function nearestSocket(cwd: string): string | undefined {
  try {
    return findAgent({ cwd });
  } catch (error) {
    if (isAppError(error) && error.code === 'AGENT_NOT_RUNNING') return undefined;
    throw error;
  }
}
