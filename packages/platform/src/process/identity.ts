import { readFileSync, readlinkSync } from 'node:fs';

/** Tells one process from every other, also from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in a form that only compares; empty where it cannot be known. */
  readonly started: string;
  /** Number of the PID namespace that the pid belongs to (pid_namespaces(7)); empty where there is none. */
  readonly namespace: string;
}

/** What the caller needs of this machine; a test gives its own. */
export interface ProcessTable {
  readonly platform: NodeJS.Platform;
  /** Of this process. */
  readonly pid: number;
  readText(path: string): string;
  readLink(path: string): string;
  /** Signal 0: true when the process exists, whoever owns it. */
  exists(pid: number): boolean;
  /** `ps -o lstart=`, on systems without /proc. */
  startOf(pid: number): string;
}

const machine: ProcessTable = {
  platform: process.platform,
  pid: process.pid,
  readLink: (path) => readlinkSync(path),
  readText: (path) => readFileSync(path, 'utf8'),
  exists(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  },
  startOf(pid) {
    // Not on Windows: there a start time needs the FFI, and a pid that lives is taken for the same process.
    if (process.platform === 'win32') return '';
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    try {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).trim();
    } catch {
      return '';
    }
  },
};

/** Identity of a process that runs; `started` is empty when it does not, or cannot be seen. */
export function identify(pid: number, table: ProcessTable = machine): ProcessIdentity {
  if (table.platform !== 'linux') return { pid, started: table.startOf(pid), namespace: '' };
  return { pid, started: linuxStart(pid, table), namespace: linuxNamespace(table) };
}

/**
 * True when the process that had this identity still runs. In doubt true: taking a living one's place does harm. A
 * process of another PID namespace cannot be seen; PID 1 of a container takes it for its own forerunner.
 */
export function isAlive(identity: ProcessIdentity, table: ProcessTable = machine): boolean {
  const { started, namespace } = identify(identity.pid, table);
  if (namespace !== identity.namespace) return table.pid !== 1;
  if (started === ended || !table.exists(identity.pid)) return false;
  return started === '' || identity.started === '' || started === identity.started;
}

const ended = 'ended';

/** `pid:[4026531836]` → `4026531836` */
function linuxNamespace(table: ProcessTable): string {
  try {
    return /\d+/.exec(table.readLink('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    return '';
  }
}

/**
 * Boot id and start time in clock ticks since boot: proc_pid_stat(5), field 22. The second field is the command's name
 * in parentheses and may hold anything, so fields count from the last parenthesis.
 */
function linuxStart(pid: number, table: ProcessTable): string {
  try {
    const stat = table.readText(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Field 3 (state) is the first here. A zombie holds nothing any more.
    if (fields[0] === 'Z' || fields[0] === 'X') return ended;
    const boot = table.readText('/proc/sys/kernel/random/boot_id').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return '';
  }
}
