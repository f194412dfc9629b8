import type { ServiceDeclaration } from '../manifest/types.ts';

type Node = Pick<ServiceDeclaration, 'name' | 'dependsOn'>;

/** For each service those that depend on it directly. */
export function dependentsOf(nodes: Iterable<Node>): ReadonlyMap<string, ReadonlySet<string>> {
  const dependents = new Map<string, Set<string>>();
  for (const { name, dependsOn } of nodes) {
    for (const { service } of dependsOn) {
      const known = dependents.get(service);
      if (known) known.add(name);
      else dependents.set(service, new Set([name]));
    }
  }
  return dependents;
}

/** The names, and everything that they depend on. Ends also when there is a cycle. */
export function withDependencies(
  names: Iterable<string>,
  declarationOf: (name: string) => Node | undefined,
): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const node = declarationOf(name);
    if (!node || found.has(name)) continue;
    found.add(name);
    for (const { service } of node.dependsOn) queue.push(service);
  }
  return found;
}

/**
 * Services in the order to start them: dependencies first, otherwise as declared. Of a cycle (which validation refuses)
 * the members come in the order in which they are reached.
 */
export function startOrder<Item extends Node>(nodes: readonly Item[]): readonly Item[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const seen = new Set<string>();
  const ordered: Item[] = [];
  const visit = (node: Item): void => {
    if (seen.has(node.name)) return;
    seen.add(node.name);
    for (const { service } of node.dependsOn) {
      const dependency = byName.get(service);
      if (dependency) visit(dependency);
    }
    ordered.push(node);
  };
  for (const node of nodes) visit(node);
  return ordered;
}
