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

/**
 * From what a service says of itself (its metrics over IPC), for systems without /proc: of the process and of its
 * instances, but not of other children. Undefined when it says nothing.
 */
export function usageOf(metrics: unknown): Usage | undefined {
  if (typeof metrics !== 'object' || metrics === null) return undefined;
  const { cpuMs, rssBytes, instances } = metrics as Readonly<Record<string, unknown>>;
  if (typeof cpuMs !== 'number' || typeof rssBytes !== 'number') return undefined;
  const sum = { cpuMs, rssBytes };
  for (const instance of Array.isArray(instances) ? instances.slice(0, maxProcesses) : []) {
    const usage = usageOf((instance as { readonly metrics?: unknown } | null)?.metrics);
    sum.cpuMs += usage?.cpuMs ?? 0;
    sum.rssBytes += usage?.rssBytes ?? 0;
  }
  return sum;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return undefined;
  }
}
