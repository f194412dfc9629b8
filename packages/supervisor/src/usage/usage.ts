import { readFile } from 'node:fs/promises';

/** What a program and its children take. */
export interface Usage {
  /** Processor time since their start, in milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** USER_HZ is 100 on every architecture that Node runs on (proc_pid_stat(5), times(2)). */
const msPerTick = 10;
const pageBytes = 4096;
/** A fork bomb must not keep us reading. */
const maxProcesses = 64;

/** From /proc: the process and its descendants (proc_pid_stat(5)). Undefined where there is no /proc, or it is gone. */
export async function readUsage(pid: number): Promise<Usage | undefined> {
  if (process.platform !== 'linux') return undefined;
  let cpuMs = 0;
  let rssBytes = 0;
  const queue = [pid];
  for (let index = 0; index < queue.length && index < maxProcesses; index += 1) {
    const current = queue[index];
    if (current === undefined) break;
    const [stat, children] = await Promise.all([
      read(`/proc/${current}/stat`),
      read(`/proc/${current}/task/${current}/children`),
    ]);
    if (stat === undefined) {
      if (current === pid) return undefined;
      continue;
    }
    // The second field is the name, in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    cpuMs += (Number(fields[11]) + Number(fields[12])) * msPerTick;
    rssBytes += Number(fields[21]) * pageBytes;
    for (const child of (children ?? '').trim().split(' ')) if (child !== '') queue.push(Number(child));
  }
  return { cpuMs, rssBytes };
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return undefined;
  }
}
