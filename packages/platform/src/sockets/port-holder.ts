import { readdir, readFile, readlink } from 'node:fs/promises';

/** State of a listening socket in /proc/net/tcp (include/net/tcp_states.h: TCP_LISTEN). */
const listening = '0A';

export interface PortHolder {
  readonly pid: number;
  /** Its name as the kernel has it, at most 15 characters (proc_pid_comm(5)). */
  readonly command: string;
}

/**
 * Who listens on a TCP port of this machine, from /proc (proc_net(5), proc_pid_fd(5)). Undefined when nobody does, when
 * it is another user's process that we may not look into, and on systems without /proc.
 */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  if (process.platform !== 'linux') return undefined;
  const sockets = new Set((await listeningInodes(port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || !(await hasOneOf(pid, sockets))) continue;
    const command = (await read(`/proc/${pid}/comm`)).trim();
    return { pid: Number(pid), command };
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(read));
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(wanted) && state === listening)
      .flatMap((fields) => fields[9] ?? []),
  );
}

async function hasOneOf(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      // One that was closed meanwhile has no link any more.
      const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (sockets.has(link)) return true;
    }
  } catch {
    // It has ended, or is another user's.
  }
  return false;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
}
