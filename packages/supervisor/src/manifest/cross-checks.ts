import { formatSize } from '@mainstay/core';

import { collide, type Address } from './read-listen.ts';
import type { ServiceDraft } from './read-service.ts';
import type { Value } from './value.ts';

/** What is wrong between services, and between the keys of one. */
export function crossCheck(services: ReadonlyMap<string, ServiceDraft>, metrics: MetricsAddress): void {
  for (const draft of services.values()) {
    checkDependencies(draft, services);
    checkMemory(draft);
    checkReload(draft);
  }
  for (const cycle of findCycles(services)) {
    const [first = ''] = cycle;
    services
      .get(first)
      ?.fields.get('dependsOn')
      ?.refuse(`goes in a circle: ${[...cycle, first].join(' → ')}; remove one of these`);
  }
  checkAddresses(services, metrics);
}

/** Of `metrics.listen`. */
export type MetricsAddress = { readonly value: Value; readonly address: Address } | undefined;

function checkDependencies(
  { declaration, fields }: ServiceDraft,
  services: ReadonlyMap<string, ServiceDraft>,
): void {
  const value = fields.get('dependsOn');
  for (const { service, condition } of declaration.dependsOn) {
    const target = services.get(service);
    if (!target) {
      const names = [...services.keys()].filter((name) => name !== declaration.name);
      const hint =
        value?.didYouMean(service, names) || (names.length > 0 ? `; there are ${names.join(', ')}` : '');
      value?.refuse(`names "${service}", which is not a service of this file${hint}`);
      continue;
    }
    const { health, restart } = target.declaration;
    if (condition === 'healthy' && !health.readiness && !health.liveness && !health.startup)
      value?.refuse(
        `waits until ${service} is healthy, and ${service} has no probe that could tell; give it health, or write started`,
      );
    if (condition === 'completed' && restart.policy === 'always')
      value?.refuse(
        `waits until ${service} has completed, and ${service} is restarted always; give it restart: on-failure or never`,
      );
    if (target.declaration.instances === 0)
      value?.warn(`names ${service}, which has 0 instances: ${declaration.name} waits until it is scaled up`);
  }
}

function checkReload({ declaration, fields }: ServiceDraft): void {
  if (declaration.runner === 'native' && declaration.stop.reloadOrder === 'start-first')
    fields
      .get('reload')
      ?.refuse('is start-first, and the service manager has one process for each unit; use stop-first');
}

/** Each circle once, begun at the service that comes first in the file. */
function findCycles(services: ReadonlyMap<string, ServiceDraft>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): void => {
    const at = path.indexOf(name);
    if (at >= 0) return void cycles.push(path.slice(at));
    if (done.has(name)) return;
    path.push(name);
    for (const { service } of services.get(name)?.declaration.dependsOn ?? [])
      if (services.has(service)) visit(service);
    path.pop();
    done.add(name);
  };
  for (const name of services.keys()) visit(name);
  return cycles;
}

/** What Node alone takes before a line of the program has run, with room for a small program. */
const leastForNode = 60_000_000;

function checkMemory({ declaration: { program, limits }, fields }: ServiceDraft): void {
  const hard = limits.memoryHardBytes;
  const isNode = program.type === 'service' || /(^|[/\\])node(\.exe)?$/.test(program.command);
  if (hard !== undefined && isNode && hard < leastForNode)
    fields
      .get('limits')
      ?.warn(
        `gives ${formatSize(hard)} of memory to a program of Node, which takes about 50 MB for itself; it may be ended as soon as it works`,
      );
}

/** Addresses that are listened on twice, seen where they come the second time. */
function checkAddresses(services: ReadonlyMap<string, ServiceDraft>, metrics: MetricsAddress): void {
  const seen: { readonly owner: string; readonly address: Address }[] = [];
  const check = (owner: string, address: Address, value: Value | undefined): void => {
    const other = seen.find((one) => collide(one.address, address));
    if (other) value?.refuse(`has port ${address.port}, which ${other.owner} has too; give it another`);
    else seen.push({ owner, address });
  };
  for (const [name, { declaration, fields }] of services)
    for (const socket of declaration.listen) check(`services.${name}.listen`, socket, fields.get('listen'));
  if (metrics) check('metrics.listen', metrics.address, metrics.value);
}
