import { didYouMean } from '@mainstay/service/did-you-mean';
import type { ServiceView } from '@mainstay/supervisor';
import { supervisionErrors } from '@mainstay/supervisor/errors';

import { cliErrors } from '../errors.ts';

/** What a command was told: a service, or with `orders/1` one instance of it. */
export interface Named {
  readonly service: string;
  readonly instance: number | undefined;
}

/** `orders`, `orders/1`. */
export function parseName(name: string): Named {
  const [, service, instance] = /^(.+)\/(\d{1,4})$/.exec(name) ?? [];
  if (service === undefined) return { service: name, instance: undefined };
  return { service, instance: Number(instance) };
}

/** Throws SUPERVISOR_UNKNOWN_SERVICE for a name that the agent does not have. */
export function checkNames(names: readonly string[], services: readonly ServiceView[]): void {
  const known = services.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw supervisionErrors.error(
        'SUPERVISOR_UNKNOWN_SERVICE',
        `There is no service "${name}"${didYouMean(name, known) || (known.length > 0 ? `; there are ${shortList(known)}` : '; the agent has none')}`,
        { details: { name } },
      );
}

/** The services of commands that work on whole ones, each once. Throws CLI_WHOLE_SERVICE for `orders/1`. */
export function wholeServices(names: readonly string[], what: string): readonly string[] {
  for (const name of names) {
    const { service, instance } = parseName(name);
    if (instance !== undefined)
      throw cliErrors.error(
        'CLI_WHOLE_SERVICE',
        `${what} works on whole services, and "${name}" is one instance: write ${service}`,
      );
  }
  return [...new Set(names)];
}

/** Throws SUPERVISOR_UNKNOWN_SERVICE for an instance that is not there. */
export function checkInstance({ service, instance }: Named, services: readonly ServiceView[]): void {
  checkNames([service], services);
  const instances = services.find(({ name }) => name === service)?.instances ?? [];
  if (instance === undefined || instances.some((each) => each.instance === instance)) return;
  const there = instances.map((each) => `${service}/${each.instance}`);
  throw supervisionErrors.error(
    'SUPERVISOR_UNKNOWN_SERVICE',
    `There is no instance ${service}/${instance}; there ${there.length === 1 ? 'is' : 'are'} ${there.length === 0 ? 'none' : shortList(there)}`,
    { details: { name: `${service}/${instance}` } },
  );
}

/** What a line of an error message holds. */
const maxListed = 12;

function shortList(names: readonly string[]): string {
  const more = names.length - maxListed;
  return `${names.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
