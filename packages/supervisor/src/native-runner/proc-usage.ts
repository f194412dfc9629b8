import { readdirSync, readFileSync } from 'node:fs';

import type { Usage } from '../runner/types.ts';

/** Clock ticks a second, as /proc counts: USER_HZ is 100 on every architecture that Node runs on (time(7)). */
const tickMs = 10;

/**
 * What the processes of a unit take, added up, for where systemd does not count: a user's manager without controllers.
 * Linux only; undefined when the process is gone.
 */
export function procUsage(pid: number): Omit<Usage, 'openFiles'> | undefined {
  const own = sample(pid);
  if (!own) return undefined;
  const others = members(pid)
    .filter((other) => other !== pid)
    .map(sample);
  const all = [own, ...others.filter((other) => other !== undefined)];
  return {
    cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    memoryBytes: all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    processes: all.length,
  };
}

/** Open descriptors: proc_pid_fd(5). Undefined where there is no /proc, and for processes of others. */
export function openFilesOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Processes of the same cgroup (cgroups(7), /proc/PID/cgroup): a unit's own, which systemd keeps in one hierarchy at least. */
function members(pid: number): number[] {
  for (const line of (read(`/proc/${pid}/cgroup`) ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || (controllers !== '' && controllers !== 'name=systemd')) continue;
    for (const root of controllers === ''
      ? ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']
      : ['/sys/fs/cgroup/systemd']) {
      const pids = read(`${root}${path}/cgroup.procs`);
      if (path.endsWith('.service') && pids !== undefined)
        return pids.split('\n').filter(Boolean).map(Number);
    }
  }
  return [];
}

/** proc_pid_stat(5), utime and stime; proc_pid_status(5), VmRSS in KiB. */
function sample(pid: number): { readonly cpuMs: number; readonly memoryBytes: number } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const status = read(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  // The second field is a name in parentheses that may hold anything; the state, field 3, is the first here.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kibibytes = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpuMs: ticks * tickMs, memoryBytes: kibibytes * 1024 };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
