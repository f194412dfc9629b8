import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { makeDirectories } from '../files/make-directories.ts';
import { CgroupContainment, endAll } from './cgroup-containment.ts';
import { basesOf, layOutCgroups, readSurroundings, withoutCgroups } from './cgroup-layout.ts';
import { awaitEarlierGuardian, Guardian } from './guardian.ts';
import type { ContainmentOptions } from './options.ts';
import { pipesDirectory } from './pipes-directory.ts';
import { mayRaise } from './priority.ts';
import { killMarked, ProcessGroupContainment } from './process-group.ts';
import type { Containment } from './types.ts';

/**
 * Finds out what this machine has to hold processes together, ends what an earlier agent of the same name has left
 * behind, and starts the guardian that ends everything when this process dies.
 */
export async function createContainment(options: ContainmentOptions): Promise<Containment> {
  if (process.platform === 'win32') {
    const { createJobContainment } = await import('../windows/job-containment.ts');
    return createJobContainment(options);
  }
  const { name, directory, log } = options;
  makeDirectories(directory, { mode: 0o700 });
  if (!(await awaitEarlierGuardian(directory)))
    log.warn({ directory }, 'The guardian of an earlier agent does not come to an end');
  const surroundings = options.cgroups ?? readSurroundings();
  const found = layOutCgroups(name, surroundings);
  await killMarked(`${name}/`);
  if (found) await endAll(found);
  const layout = found && layOutCgroups(name, surroundings);
  const guardian = new Guardian({ name, directory, cgroups: layout ? basesOf(layout) : [], log });
  const common = {
    unheldLimits: unheldLimits(layout?.unheld),
    noOtherUsers: noOtherUsers(),
    pipesDirectory: pipesDirectory(directory),
    guardian,
  };
  const containment = layout
    ? new CgroupContainment({ layout, log, ...common })
    : new ProcessGroupContainment({ name, ...common });
  log.debug({ kind: containment.kind, unheld: containment.unheldLimits }, 'Programs are contained');
  return containment;
}

/** With what holds everywhere on POSIX, and what needs the superuser there. */
function unheldLimits(ofCgroups: Containment['unheldLimits'] | undefined): Containment['unheldLimits'] {
  const unheld = ofCgroups ?? {
    'memory.hard': withoutCgroups,
    cpu: withoutCgroups,
    processes: withoutCgroups,
  };
  if (mayRaise()) return unheld;
  return { ...unheld, 'priority.high': 'only the superuser may raise a priority: run the agent as root' };
}

function noOtherUsers(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may start programs as other users';
  const paths = (process.env.PATH ?? '').split(delimiter);
  return paths.some((path) => existsSync(join(path, 'setpriv')))
    ? undefined
    : 'the program setpriv of util-linux is missing';
}
