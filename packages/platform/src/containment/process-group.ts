import { readdirSync } from 'node:fs';

import { launchLine } from './launch-line.ts';
import type { Guardian } from './guardian.ts';
import { tryUntil } from './patience.ts';
import { readSmallFile } from './small-file.ts';
import type { Container, Containment, ContainmentLimits } from './types.ts';
import { findUser, userEnvironment } from './user-account.ts';

/** Every process of a container has it in its environment: `agent/container`. */
const markName = 'MAINSTAY_CONTAINER';
/** USER_HZ is 100 on every architecture that Node runs on (proc_pid_stat(5), times(2)). */
const msPerTick = 10;
const pageBytes = 4096;
/** A look at all processes serves all containers for this long, in milliseconds. */
const tableMs = 500;

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** Where there are no cgroups: the session of each program, and a mark in the environment for what left it. */
export class ProcessGroupContainment implements Containment {
  readonly kind = 'process-group';
  readonly unheldLimits: Containment['unheldLimits'];
  readonly noOtherUsers: string | undefined;
  readonly pipesDirectory: string;
  readonly #name: string;
  readonly #guardian: Guardian;

  constructor(options: {
    readonly name: string;
    readonly unheldLimits: Containment['unheldLimits'];
    readonly noOtherUsers: string | undefined;
    readonly pipesDirectory: string;
    readonly guardian: Guardian;
  }) {
    this.#name = options.name;
    this.#guardian = options.guardian;
    this.unheldLimits = options.unheldLimits;
    this.noOtherUsers = options.noOtherUsers;
    this.pipesDirectory = options.pipesDirectory;
  }

  create(name: string, limits: ContainmentLimits): Promise<Container> | Container {
    const mark = `${this.#name}/${name}`;
    const make = (): Container => new ProcessGroupContainer(mark, limits, this.#guardian);
    return markedProcesses(mark).length === 0 ? make() : killMarked(mark).then(make);
  }

  async close(): Promise<void> {
    await killMarked(`${this.#name}/`);
    await this.#guardian.close();
  }
}

class ProcessGroupContainer implements Container {
  readonly #mark: string;
  readonly #guardian: Guardian;
  #limits: ContainmentLimits;
  #leader: number | undefined;
  #killing: Promise<void> | undefined;

  constructor(mark: string, limits: ContainmentLimits, guardian: Guardian) {
    this.#mark = mark;
    this.#limits = limits;
    this.#guardian = guardian;
  }

  launch({
    command,
    args,
    user,
    setsListenPid = false,
  }: Parameters<Container['launch']>[0]): ReturnType<Container['launch']> {
    const account = user === undefined ? undefined : findUser(user);
    const line = launchLine({ enter: [], limits: this.#limits, user: account, command, args, setsListenPid });
    return { ...line, env: { ...(account && userEnvironment(account)), [markName]: this.#mark } };
  }

  adopt(pid: number): void {
    this.#leader = pid;
    this.#guardian.add(pid);
  }

  setLimits(limits: ContainmentLimits): void {
    this.#limits = limits;
  }

  async kill(): Promise<void> {
    this.#killing ??= killMarked(this.#mark, this.#leader).finally(() => {
      this.#killing = undefined;
      this.#forgetLeader();
    });
    await this.#killing;
  }

  isEmpty(): boolean {
    if (this.#leader !== undefined && groupLives(this.#leader)) return false;
    if (markedProcesses(this.#mark).length > 0) return false;
    this.#forgetLeader();
    return true;
  }

  usage(): ReturnType<Container['usage']> {
    const leader = this.#leader;
    if (leader === undefined) return undefined;
    const rows = treeOf(leader, processTable());
    if (rows.length === 0) return undefined;
    const sum = { cpuMs: 0, memoryBytes: 0, processes: rows.length };
    for (const { cpuMs, memoryBytes } of rows) {
      sum.cpuMs += cpuMs;
      sum.memoryBytes += memoryBytes;
    }
    return sum;
  }

  outOfMemoryKills(): number {
    return 0;
  }

  remove(): void {
    this.#forgetLeader();
  }

  #forgetLeader(): void {
    if (this.#leader !== undefined) this.#guardian.delete(this.#leader);
    this.#leader = undefined;
  }
}

/** Ends the group, and everything that bears the mark or one that begins with it and a slash. */
export async function killMarked(mark: string, leader?: number): Promise<void> {
  if (leader !== undefined) send(-leader, 'SIGKILL');
  await tryUntil(() => {
    const found = markedProcesses(mark);
    // What stands still does not fork while the others are killed.
    for (const pid of found) send(pid, 'SIGSTOP');
    for (const pid of found) send(pid, 'SIGKILL');
    return found.length === 0 && (leader === undefined || !groupLives(leader));
  });
}

/** From /proc/PID/environ, which is readable for our own processes; none where there is no /proc. */
function markedProcesses(mark: string): readonly number[] {
  const entry = `${markName}=${mark}`;
  return pids().filter((pid) => {
    if (pid === process.pid) return false;
    const at = `\0${readSmallFile(`/proc/${pid}/environ`) ?? ''}`.indexOf(`\0${entry}`);
    if (at < 0) return false;
    if (mark.endsWith('/')) return true;
    return `\0${readSmallFile(`/proc/${pid}/environ`) ?? ''}\0`.includes(`\0${entry}\0`);
  });
}

/** A group that has only processes which have ended, and that nobody has waited for, is no more. */
function groupLives(leader: number): boolean {
  if (!send(-leader, 0)) return false;
  const all = pids();
  return all.length === 0 || all.flatMap(readRow).some(({ session }) => session === leader);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

function pids(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

let table: { readonly at: number; readonly rows: readonly ProcessRow[] } | undefined;

function processTable(): readonly ProcessRow[] {
  const now = performance.now();
  if (!table || now - table.at > tableMs) table = { at: now, rows: pids().flatMap(readRow) };
  return table.rows;
}

function readRow(pid: number): readonly ProcessRow[] {
  const stat = readSmallFile(`/proc/${pid}/stat`);
  if (stat === undefined) return [];
  // The second field is the name, in parentheses, which may hold anything (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return [];
  return [
    {
      pid,
      parent: Number(fields[1]),
      session: Number(fields[3]),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick,
      memoryBytes: Number(fields[21]) * pageBytes,
    },
  ];
}

/** The session of the leader and everything that descends from it. */
function treeOf(leader: number, rows: readonly ProcessRow[]): readonly ProcessRow[] {
  const inside = new Set(
    rows.filter(({ pid, session }) => pid === leader || session === leader).map(({ pid }) => pid),
  );
  for (let size = -1; size !== inside.size;) {
    size = inside.size;
    for (const { pid, parent } of rows) if (inside.has(parent)) inside.add(pid);
  }
  return rows.filter(({ pid }) => inside.has(pid));
}
