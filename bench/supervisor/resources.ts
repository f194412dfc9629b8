import { readFileSync } from 'node:fs';

export interface Resources {
  readonly rssMiB: number;
  /** Not shared with the files it runs from (proc(5), smaps_rollup). */
  readonly privateDirtyMiB: number;
  readonly cpuMs: number;
}

/** USER_HZ is 100 on every architecture that is measured here (proc_pid_stat(5)). */
const msPerTick = 10;

/** Of all these processes together. */
export function resourcesOf(pids: readonly number[]): Resources {
  const sum = { rssMiB: 0, privateDirtyMiB: 0, cpuMs: 0 };
  for (const pid of pids) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? NaN) / 1024;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    sum.rssMiB += field('Rss');
    sum.privateDirtyMiB += field('Private_Dirty');
    sum.cpuMs += (Number(fields[11]) + Number(fields[12])) * msPerTick;
  }
  return sum;
}
