import type { Manifest, ServiceDeclaration } from '@mainstay/supervisor';

import { agentErrors } from '../errors.ts';
import { manifestShape } from './manifest-shape.ts';

/** More would not be read by anybody. */
const maxProblems = 20;

export interface ShapeProblem {
  /** Such as `services[0].stop.graceMs`. */
  readonly path: string;
  readonly message: string;
}

/**
 * Reads a manifest that came over the wire or from disk. Only what would confuse the agent itself is looked at here:
 * shapes, bounds, names that are there twice, dependencies that do not exist or go in a circle. Pure.
 *
 * Throws AGENT_MANIFEST_INVALID, with `details.problems`.
 */
export function readManifest(value: unknown): Manifest {
  const problems = problemsOf(value);
  if (problems.length === 0) return value as Manifest;
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  throw agentErrors.error(
    'AGENT_MANIFEST_INVALID',
    `The manifest cannot be used: ${first?.path} ${first?.message}${more}`,
    { details: { problems: problems.slice(0, maxProblems) } },
  );
}

function problemsOf(value: unknown): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  const tell = (path: string, message: string): void => {
    problems.push({ path: path === '' ? 'the manifest' : path, message });
  };
  manifestShape(value, '', tell);
  if (problems.length > 0) return problems;
  const { services } = value as Manifest;
  const byName = new Map<string, ServiceDeclaration>();
  services.forEach((service, index) => {
    if (byName.has(service.name))
      tell(`services[${index}].name`, `is "${service.name}", as that of another service`);
    byName.set(service.name, service);
  });
  services.forEach(({ dependsOn }, index) => {
    for (const { service } of dependsOn) {
      if (!byName.has(service))
        tell(`services[${index}].dependsOn`, `names "${service}", which is not a service`);
    }
  });
  if (problems.length === 0) {
    const circle = circleIn(byName);
    if (circle) tell('dependsOn', `goes in a circle: ${circle.join(' → ')}`);
  }
  return problems;
}

/** Without recursion: a chain may be as long as the manifest. */
function circleIn(services: ReadonlyMap<string, ServiceDeclaration>): string[] | undefined {
  const done = new Set<string>();
  for (const start of services.keys()) {
    const trail: { readonly name: string; next: number }[] = [{ name: start, next: 0 }];
    const onTrail = new Set([start]);
    for (let last = trail.at(-1); last && !done.has(start); last = trail.at(-1)) {
      const dependency = services.get(last.name)?.dependsOn[last.next++]?.service;
      if (dependency === undefined) {
        done.add(last.name);
        onTrail.delete(last.name);
        trail.pop();
      } else if (onTrail.has(dependency)) {
        const names = trail.map(({ name }) => name);
        return [...names.slice(names.indexOf(dependency)), dependency];
      } else if (!done.has(dependency)) {
        trail.push({ name: dependency, next: 0 });
        onTrail.add(dependency);
      }
    }
  }
  return undefined;
}
