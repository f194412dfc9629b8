import type { Dependency, DependencyCondition } from '../manifest/types.ts';
import type { InstancePhase } from '../supervisor/types.ts';

/** A dependency that is not there. */
export interface UnmetDependency extends Dependency {
  /** Phases of its instances; empty when nothing is known of it. */
  readonly phases: readonly InstancePhase[];
}

/** Has a process. */
const alive: ReadonlySet<InstancePhase> = new Set(['starting', 'running', 'unready']);

/**
 * - `started`: every instance has a process, or has ended well.
 * - `healthy`: every instance is running and ready.
 * - `completed`: every instance has ended well.
 */
export function isMet(condition: DependencyCondition, phases: readonly InstancePhase[]): boolean {
  if (phases.length === 0) return false;
  switch (condition) {
    case 'started':
      return phases.every((phase) => alive.has(phase) || phase === 'completed');
    case 'healthy':
      return phases.every((phase) => phase === 'running');
    case 'completed':
      return phases.every((phase) => phase === 'completed');
  }
}

/** The dependencies that are still waited for. `phasesOf` gives nothing for a service that is not there. */
export function unmetDependencies(
  dependsOn: readonly Dependency[],
  phasesOf: (service: string) => readonly InstancePhase[],
): readonly UnmetDependency[] {
  const unmet: UnmetDependency[] = [];
  for (const dependency of dependsOn) {
    const phases = phasesOf(dependency.service);
    if (!isMet(dependency.condition, phases)) unmet.push({ ...dependency, phases });
  }
  return unmet;
}

/** True when nothing but a hand can make it come: waiting for it would be for ever. */
export function isHopeless({ condition, phases }: UnmetDependency): boolean {
  if (phases.length === 0) return true;
  const ended: ReadonlySet<InstancePhase> = new Set(
    condition === 'healthy' ? ['stopped', 'failed', 'parked', 'completed'] : ['stopped', 'failed', 'parked'],
  );
  return phases.some((phase) => ended.has(phase));
}
