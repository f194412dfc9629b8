import { checkManifest, hostFacts } from '@mainstay/supervisor/check';

import { invalidManifest, loadManifest, type LoadedManifest } from './load-manifest.ts';

/**
 * A manifest that this machine can run: nothing of it runs yet. Throws MANIFEST_NOT_FOUND and MANIFEST_INVALID, with
 * every problem at its place.
 */
export async function checkedManifest(file: string, env: NodeJS.ProcessEnv): Promise<LoadedManifest> {
  const loaded = await loadManifest(file, env);
  const facts = hostFacts({ environment: env, isOurs: () => false, capabilities: () => undefined });
  const problems = await checkManifest(loaded.manifest, loaded.positions, facts);
  if (problems.length > 0) throw invalidManifest(file, problems);
  return loaded;
}
