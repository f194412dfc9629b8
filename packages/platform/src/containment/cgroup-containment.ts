import type { Logger } from '@mainstay/core';

import { CgroupContainer } from './cgroup-container.ts';
import { isEmptyCgroup, killableOf, killOnce, removeCgroup } from './cgroup-kill.ts';
import { basesOf, type CgroupLayout } from './cgroup-layout.ts';
import type { Guardian } from './guardian.ts';
import { tryUntil } from './patience.ts';
import type { Container, Containment, ContainmentLimits } from './types.ts';

/** How long the removal of cgroups may lag behind the death of their processes, in milliseconds. */
const removalMs = 5000;

export class CgroupContainment implements Containment {
  readonly kind: 'cgroup-v2' | 'cgroup-v1';
  readonly unheldLimits: Containment['unheldLimits'];
  readonly noOtherUsers: string | undefined;
  readonly pipesDirectory: string;
  readonly #layout: CgroupLayout;
  readonly #guardian: Guardian;
  readonly #log: Logger;

  constructor(options: {
    readonly layout: CgroupLayout;
    readonly unheldLimits: Containment['unheldLimits'];
    readonly noOtherUsers: string | undefined;
    readonly pipesDirectory: string;
    readonly guardian: Guardian;
    readonly log: Logger;
  }) {
    this.#layout = options.layout;
    this.#guardian = options.guardian;
    this.#log = options.log;
    this.kind = Object.keys(options.layout.v1).length > 0 ? 'cgroup-v1' : 'cgroup-v2';
    this.unheldLimits = options.unheldLimits;
    this.noOtherUsers = options.noOtherUsers;
    this.pipesDirectory = options.pipesDirectory;
  }

  create(name: string, limits: ContainmentLimits): Promise<Container> | Container {
    const old = killableOf(this.#layout, name);
    if (isEmptyCgroup(old)) return new CgroupContainer(this.#layout, name, limits);
    return tryUntil(() => {
      killOnce(old);
      return isEmptyCgroup(old);
    }).then(() => new CgroupContainer(this.#layout, name, limits));
  }

  async close(): Promise<void> {
    if (!(await endAll(this.#layout)))
      this.#log.warn({ cgroups: basesOf(this.#layout) }, 'Control groups could not be removed');
    await this.#guardian.close();
  }
}

/** Kills everything below the layout's directories, and removes them; false when the kernel still holds on to one. */
export async function endAll(layout: CgroupLayout): Promise<boolean> {
  const all = killableOf(layout, '');
  await tryUntil(() => {
    if (isEmptyCgroup(all)) return true;
    killOnce(all);
    return isEmptyCgroup(all);
  });
  // A hierarchy may hold what never came into, or has left, the one that kills.
  for (const base of basesOf(layout)) {
    const rest = { anchor: base, how: 'signals', pids: undefined } as const;
    await tryUntil(() => {
      if (isEmptyCgroup(rest)) return true;
      killOnce(rest);
      return isEmptyCgroup(rest);
    });
  }
  return await tryUntil(() => basesOf(layout).map(removeCgroup).every(Boolean), removalMs);
}
