import type { Instance } from '../instance/instance.ts';
import { probePhrase } from './explain.ts';
import { phasePhrases } from './phrases.ts';

/** What keeps a service from being what another waits for: `its readiness probe says connection refused`. */
export function hindranceOf(group: {
  readonly isStopped: boolean;
  readonly instances: readonly Instance[];
}): string | undefined {
  if (group.isStopped) return 'it was stopped by hand';
  const instance = group.instances.find(({ phase }) => phase !== 'running' && phase !== 'completed');
  if (!instance) return undefined;
  const view = instance.view();
  const probe = probePhrase(view, 'startup') ?? probePhrase(view, 'readiness');
  return probe ?? (view.phase === 'failed' ? lowered(view.reason) : undefined) ?? phasePhrases[view.phase];
}

const lowered = (text: string | undefined): string | undefined =>
  text && `it has failed: ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
