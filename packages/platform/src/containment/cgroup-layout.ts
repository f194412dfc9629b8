import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';

import { messageOf } from '@mainstay/core';

import { readCgroupMounts, type CgroupMount } from './cgroup-mounts.ts';
import { readSmallFile, writeSetting } from './small-file.ts';
import type { ContainedLimit } from './types.ts';

export type Controller = 'memory' | 'cpu' | 'cpuacct' | 'pids' | 'freezer';

/** Directories below which each tree gets a cgroup of its own. */
export interface CgroupLayout {
  /** In the hierarchy of version 2, and the controllers that its children have. */
  readonly unified: UnifiedLayout | undefined;
  /** In the hierarchies of version 1, by controller; several may be in one. */
  readonly v1: Readonly<Partial<Record<Controller, string>>>;
  /** Why a limit is not held. */
  readonly unheld: Readonly<Partial<Record<ContainedLimit, string>>>;
}

export interface UnifiedLayout {
  readonly base: string;
  readonly controllers: ReadonlySet<Controller>;
  /** There is cgroup.kill (Linux 5.14). */
  readonly kills: boolean;
}

/** What a test shows less of than the machine has. */
export interface CgroupSurroundings {
  readonly mountInfo: string | undefined;
  readonly ownCgroups: string | undefined;
}

export function readSurroundings(): CgroupSurroundings {
  return {
    mountInfo: readSmallFile('/proc/self/mountinfo'),
    ownCgroups: readSmallFile('/proc/self/cgroup'),
  };
}

const limitOf: Readonly<Partial<Record<Controller, ContainedLimit>>> = {
  memory: 'memory.hard',
  cpu: 'cpu',
  pids: 'processes',
};
const controllers: readonly Controller[] = ['memory', 'cpu', 'cpuacct', 'pids', 'freezer'];

/** Below which name the cgroups of an agent are. */
export const baseName = (agent: string): string => `mainstay-${agent}`;

/**
 * Finds out which hierarchies may be used, and makes the agent's directory in each; undefined when there is none.
 * May move this process into a leaf of its own cgroup: version 2 gives controllers only to the children of a cgroup
 * without processes (cgroups(7), "no internal processes").
 */
export function layOutCgroups(agent: string, surroundings: CgroupSurroundings): CgroupLayout | undefined {
  const { mountInfo, ownCgroups } = surroundings;
  if (mountInfo === undefined || ownCgroups === undefined) return undefined;
  const mounts = readCgroupMounts(mountInfo, ownCgroups);
  const two = mounts.find(({ version }) => version === 2);
  const v1: Partial<Record<Controller, string>> = {};
  const reasons: Partial<Record<Controller, string>> = {};
  const unified = two && layOutUnified(two, agent, reasons);
  for (const controller of controllers) {
    const mount = mounts.find(({ controllers: own }) => own.includes(controller));
    // With cgroup.kill there is no use for the freezer, and every cgroup has processor times in version 2.
    if (!mount || unified?.controllers.has(controller)) continue;
    if (unified && (controller === 'cpuacct' || (controller === 'freezer' && unified.kills))) continue;
    const made = makeBase(`${mount.own}/${baseName(agent)}`);
    if (typeof made === 'string') reasons[controller] = made;
    else v1[controller] = `${mount.own}/${baseName(agent)}`;
  }
  if (!unified && Object.keys(v1).length === 0) return undefined;
  return { unified, v1, unheld: unheldOf(v1, unified?.controllers, reasons) };
}

/** Why the limits of the kernel are not held where there is no cgroup at all. */
export const withoutCgroups =
  'it needs write access to a control group: run the agent as root, or under systemd with Delegate=yes';

function unheldOf(
  v1: CgroupLayout['v1'],
  unified: ReadonlySet<Controller> | undefined,
  reasons: Readonly<Partial<Record<Controller, string>>>,
): CgroupLayout['unheld'] {
  const unheld: Partial<Record<ContainedLimit, string>> = {};
  for (const [controller, limit] of Object.entries(limitOf) as Array<[Controller, ContainedLimit]>) {
    if (v1[controller] === undefined && !unified?.has(controller))
      unheld[limit] = reasons[controller] ?? `the kernel offers no ${controller} controller here`;
  }
  return unheld;
}

function layOutUnified(
  mount: CgroupMount,
  agent: string,
  reasons: Partial<Record<Controller, string>>,
): UnifiedLayout | undefined {
  const base = `${mount.own}/${baseName(agent)}`;
  const offered = wordsOf(`${mount.own}/cgroup.controllers`).filter(isLimiting);
  const problem = makeBase(base);
  if (problem !== undefined) {
    for (const controller of offered) reasons[controller] = problem;
    return undefined;
  }
  const missing = offered.filter((name) => !wordsOf(`${mount.own}/cgroup.subtree_control`).includes(name));
  // Only the root of all may have processes beside children with controllers; it alone has no cgroup.type.
  const isRoot = !existsSync(`${mount.own}/cgroup.type`);
  const shared = missing.length > 0 && !isRoot ? leaveToLeaf(mount, agent) : undefined;
  for (const controller of offered) {
    // Among other programs it must not even be tried: cpu and pids would be taken, and make our children unusable
    // (cgroups(7), "domain invalid").
    if (shared !== undefined) {
      reasons[controller] = shared;
      continue;
    }
    const failed = enable(mount.own, controller) ?? enable(base, controller);
    if (failed) reasons[controller] = `the control group ${mount.own} does not give it on: ${failed.message}`;
  }
  const controllersOfChildren = new Set(wordsOf(`${base}/cgroup.subtree_control`).filter(isLimiting));
  return { base, controllers: controllersOfChildren, kills: existsSync(`${base}/cgroup.kill`) };
}

function enable(cgroup: string, controller: string): Error | undefined {
  if (wordsOf(`${cgroup}/cgroup.subtree_control`).includes(controller)) return undefined;
  return writeSetting(`${cgroup}/cgroup.subtree_control`, `+${controller}`);
}

/** Moves this process out of the way when the cgroup is ours alone; the reason why not otherwise. */
function leaveToLeaf(mount: CgroupMount, agent: string): string | undefined {
  const inside = wordsOf(`${mount.own}/cgroup.procs`).map(Number);
  const ours = mount.isTop ? [process.pid, ...ancestors()] : [process.pid];
  if (inside.some((pid) => !ours.includes(pid)))
    return 'the agent shares its control group with other programs: run it as a service (mainstay agent install), or with systemd-run --scope -p Delegate=yes';
  const leaf = `${mount.own}/${baseName(agent)}-agent`;
  const failed = makeBase(leaf);
  if (failed !== undefined) return failed;
  for (const pid of inside) {
    const problem = writeSetting(`${leaf}/cgroup.procs`, String(pid));
    if (problem) return `process ${pid} cannot be moved to ${leaf}: ${problem.message}`;
  }
  return undefined;
}

function ancestors(): readonly number[] {
  const found: number[] = [];
  for (let pid = process.ppid; pid > 0 && found.length < 64;) {
    found.push(pid);
    const stat = readSmallFile(`/proc/${pid}/stat`) ?? '';
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  }
  return found;
}

function makeBase(path: string): string | undefined {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(`${path}/cgroup.procs`, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ||
      (error as NodeJS.ErrnoException).code === 'EPERM'
      ? withoutCgroups
      : (error as NodeJS.ErrnoException).code === 'EROFS'
        ? 'control groups are mounted read-only here: give the container write access to them'
        : `its control group cannot be made: ${messageOf(error)}`;
  }
}

const isLimiting = (name: string): name is Controller => name in limitOf;

function wordsOf(path: string): readonly string[] {
  return (readSmallFile(path) ?? '').split(/\s+/).filter(Boolean);
}

/** Each directory of the layout once; that of version 2 first, as it is the one that kills. */
export function basesOf({ unified, v1 }: CgroupLayout): readonly string[] {
  return [...new Set([...(unified ? [unified.base] : []), ...Object.values(v1)])];
}

/** Cgroups below a directory; deepest first, so that they can be removed in this order. */
export function cgroupsBelow(path: string): readonly string[] {
  let names;
  try {
    names = readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
  return names
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [...cgroupsBelow(`${path}/${name}`), `${path}/${name}`]);
}
