import { didYouMean } from '@mainstay/service/did-you-mean';
import type { Manifest } from '@mainstay/supervisor';
import { supervisorErrors } from '@mainstay/supervisor/errors';

/** The manifest with these services and what they depend on; no names: all. Throws MANIFEST_UNKNOWN_SERVICE. */
export function onlyServices(manifest: Manifest, names: readonly string[], file: string): Manifest {
  if (names.length === 0) return manifest;
  const known = manifest.services.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw supervisorErrors.error(
        'MANIFEST_UNKNOWN_SERVICE',
        `There is no service "${name}" in ${file}${didYouMean(name, known) || `; it has ${known.join(', ')}`}`,
      );
  const wanted = new Set(names);
  // A set that grows is walked to its end.
  for (const name of wanted)
    for (const { service } of manifest.services.find((one) => one.name === name)?.dependsOn ?? [])
      wanted.add(service);
  return { ...manifest, services: manifest.services.filter(({ name }) => wanted.has(name)) };
}
