import type { RunSpec } from '../runner/types.ts';
import { unitEnvironment } from './environment.ts';

/** By it a unit shows whether what its host would run has changed: the file itself no manager compares. */
export const specDigestVariable = 'MAINSTAY_SPEC_DIGEST';

/** What a host needs to run a program, as JSON: the same text for every run of the same declaration. */
export function hostedSpecOf(spec: RunSpec, agentEnv: Readonly<Record<string, string | undefined>>): string {
  const { id, declaration } = spec;
  // The host counts for itself: it may start the program again where no agent is.
  const hosted: RunSpec = { id: { ...id, run: 0 }, declaration, env: unitEnvironment(spec, agentEnv) };
  return `${JSON.stringify(hosted)}\n`;
}

export function digestOf(text: string): string {
  // Only where it is used: this file is loaded by every agent, and crypto is 2 MB.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
