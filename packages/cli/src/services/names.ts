import { didYouMean } from '@mainstay/service/config';
import { supervisionErrors, type ServiceView } from '@mainstay/supervisor';

/** Throws SUPERVISOR_UNKNOWN_SERVICE for a name that the agent does not have. */
export function checkNames(names: readonly string[], services: readonly ServiceView[]): void {
  const known = services.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw supervisionErrors.error(
        'SUPERVISOR_UNKNOWN_SERVICE',
        `There is no service "${name}"${didYouMean(name, known) || (known.length > 0 ? `; there are ${known.join(', ')}` : '; the agent has none')}`,
      );
}
