import { checkManifest, hostFacts } from '@mainstay/supervisor/check';

import { takenBy } from '../taken-addresses.ts';
import type { HostQuestion, PartsContext } from './types.ts';

/** What this machine cannot do of a manifest: programs, folders, ports, accounts, limits that nobody would hold. */
export async function hostProblems(
  { environment }: PartsContext,
  { manifest, running, runnerOf }: HostQuestion,
): Promise<readonly string[]> {
  const taken = takenBy(running);
  const facts = hostFacts({
    environment,
    isOurs: ({ host, port }) => taken.some((each) => each.host === host && each.port === port),
    capabilities: (kind) => runnerOf(kind)?.capabilities,
  });
  // Positions are the sender's: it has the text.
  const problems = await checkManifest(manifest, new Map(), facts);
  return problems.map(({ message }) => message);
}
