import { rmdirSync } from 'node:fs';

import { cgroupsBelow, type CgroupLayout } from './cgroup-layout.ts';
import { readSmallFile, writeSetting } from './small-file.ts';

/** Where the processes of one cgroup are seen and ended: its directories by what they are good for. */
export interface KillableCgroup {
  /** In the hierarchy that counts for whether anything is left. */
  readonly anchor: string;
  readonly how: 'kill' | 'freeze' | 'v1-freezer' | 'signals';
  /** With `signals`: stops it from growing meanwhile. */
  readonly pids: string | undefined;
}

/** How often the freezer is asked whether all stand still; each takes microseconds. */
const freezeLooks = 1000;

/** Of the cgroup with this name below the bases of the layout; `''` for the bases themselves. */
export function killableOf({ unified, v1 }: CgroupLayout, name: string): KillableCgroup {
  const at = (base: string): string => (name === '' ? base : `${base}/${name}`);
  const pids = v1.pids === undefined ? undefined : at(v1.pids);
  if (unified) return { anchor: at(unified.base), how: unified.kills ? 'kill' : 'freeze', pids };
  if (v1.freezer !== undefined) return { anchor: at(v1.freezer), how: 'v1-freezer', pids };
  return { anchor: at(v1.pids ?? v1.memory ?? v1.cpu ?? v1.cpuacct ?? ''), how: 'signals', pids };
}

/** One try; what is forked meanwhile may be left when the kernel has no `cgroup.kill`. */
export function killOnce({ anchor, how, pids }: KillableCgroup): void {
  switch (how) {
    case 'kill':
      writeSetting(`${anchor}/cgroup.kill`, '1');
      break;
    case 'freeze':
      writeSetting(`${anchor}/cgroup.freeze`, '1');
      until(() => readSmallFile(`${anchor}/cgroup.events`)?.includes('frozen 1') ?? true);
      signalAll(anchor);
      writeSetting(`${anchor}/cgroup.freeze`, '0');
      break;
    case 'v1-freezer':
      writeSetting(`${anchor}/freezer.state`, 'FROZEN');
      until(() => readSmallFile(`${anchor}/freezer.state`)?.trim() !== 'FREEZING');
      signalAll(anchor);
      writeSetting(`${anchor}/freezer.state`, 'THAWED');
      break;
    case 'signals':
      if (pids !== undefined) writeSetting(`${pids}/pids.max`, '0');
      signalAll(anchor);
      break;
  }
}

/** True when no process is in it or below; also when it is gone. */
export function isEmptyCgroup({ anchor, how }: KillableCgroup): boolean {
  if (how === 'kill' || how === 'freeze')
    return !(readSmallFile(`${anchor}/cgroup.events`)?.includes('populated 1') ?? false);
  return processesOf(anchor).length === 0;
}

/** Of the cgroup and all below. */
export function processesOf(cgroup: string): readonly number[] {
  return [cgroup, ...cgroupsBelow(cgroup)].flatMap((directory) =>
    (readSmallFile(`${directory}/cgroup.procs`) ?? '').split('\n').filter(Boolean).map(Number),
  );
}

/** Removes it and what the programs made below it; false when the kernel still sees a process in it. */
export function removeCgroup(path: string): boolean {
  for (const directory of [...cgroupsBelow(path), path]) {
    try {
      rmdirSync(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    }
  }
  return true;
}

function signalAll(cgroup: string): void {
  for (const pid of processesOf(cgroup)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function until(isSo: () => boolean): void {
  for (let look = 0; look < freezeLooks && !isSo(); look += 1);
}
