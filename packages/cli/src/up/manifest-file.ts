import { didYouMean } from '@mainstay/service/config';
import { supervisorErrors, type RestartLimits } from '@mainstay/supervisor';

import type { SourceProgram } from '../launcher.ts';
import { loadManifest as load } from '../manifest/load-manifest.ts';

/** A service of the manifest, found. */
export interface LocatedService {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly restart: RestartLimits;
  readonly program: SourceProgram & { readonly command: string };
}

/** Services to run, in the order of the file. Throws MANIFEST_NOT_FOUND, MANIFEST_INVALID, MANIFEST_UNKNOWN_SERVICE. */
export async function loadManifest(
  file: string,
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<LocatedService[]> {
  const { services } = (await load(file, env)).manifest;
  const known = services.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      throw supervisorErrors.error(
        'MANIFEST_UNKNOWN_SERVICE',
        `There is no service "${name}" in ${file}${didYouMean(name, known) || `; it has ${known.join(', ')}`}`,
      );
  return services
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map(({ name, env: own, restart, program: { command, args }, cwd }) => ({
      name,
      env: own,
      restart: { ...restart, permanentExitCodes: restart.neverOn },
      program: { command, args, folder: cwd },
    }));
}
