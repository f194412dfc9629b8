import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceManager, WaitOptions } from '@mainstay/core';

import { parseUnitName } from './unit.ts';

/** Names of the units of the agent whose runner has this directory, also of those that an earlier one made. */
export async function installedUnits(
  manager: Pick<ServiceManager, 'list'>,
  directory: string,
): Promise<readonly string[]> {
  const names = manager.list
    ? await manager.list(directory)
    : filesOf(directory)
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -'.json'.length));
  return names.filter((name) => parseUnitName(name));
}

/** Stops a unit and removes it with all that is known of it. Throws the manager's errors. */
export async function removeUnit(
  manager: Pick<ServiceManager, 'uninstall'>,
  directory: string,
  name: string,
  wait: WaitOptions,
): Promise<void> {
  await manager.uninstall(name, { purge: false, ...wait });
  for (const ending of ['json', 'ends']) rmSync(join(directory, `${name}.${ending}`), { force: true });
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
