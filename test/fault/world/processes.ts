import { readdirSync, readFileSync } from 'node:fs';

/** A living process of a world, with what the agent has told it. */
export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
  /** Undefined for what an agent has not started. */
  readonly service: string | undefined;
  readonly instance: number;
  readonly run: number;
}

/** Every living process whose environment holds `name=value`, but those with these pids. Zombies hold nothing. */
export function processesMarked(
  name: string,
  value: string,
  except: ReadonlySet<number>,
): readonly FoundProcess[] {
  const mark = `${name}=${value}`;
  return pids().flatMap((pid) => {
    if (except.has(pid)) return [];
    const entries = read(`/proc/${pid}/environ`).split('\0');
    if (!entries.includes(mark) || !runs(pid)) return [];
    const entry = (key: string): string | undefined =>
      entries.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1);
    return [
      {
        pid,
        command: read(`/proc/${pid}/cmdline`).split('\0').join(' ').slice(0, 200),
        service: entry('MAINSTAY_SERVICE'),
        instance: Number(entry('MAINSTAY_INSTANCE')),
        run: Number(entry('MAINSTAY_RUN')),
      },
    ];
  });
}

/** Living processes that have this word among their arguments. */
export function processesWithArgument(word: string): readonly number[] {
  return pids().filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(word) && runs(pid));
}

export function runs(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && stat[stat.lastIndexOf(')') + 2] !== 'Z';
}

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function residentBytesOf(pid: number): number {
  return Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * 4096;
}

export function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  // 0 and below are groups, our own among them (kill(2)).
  if (!Number.isSafeInteger(pid) || pid <= 1)
    throw new Error(`There is no process ${pid} to be sent ${signal}`);
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone.
  }
}

function pids(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
