import { existsSync, mkdirSync } from 'node:fs';

import { platformErrors } from '../errors.ts';
import {
  isEmptyCgroup,
  killableOf,
  killOnce,
  processesOf,
  removeCgroup,
  type KillableCgroup,
} from './cgroup-kill.ts';
import { basesOf, type CgroupLayout } from './cgroup-layout.ts';
import { cgroupSettings } from './cgroup-settings.ts';
import { launchLine } from './launch-line.ts';
import { tryUntil } from './patience.ts';
import { numberAfter, readSmallFile, writeSetting } from './small-file.ts';
import type { Container, ContainmentLimits } from './types.ts';
import { findUser, userEnvironment } from './user-account.ts';

const noLimits: ContainmentLimits = {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
};
const pageBytes = 4096;

/** One tree of processes in cgroups of its own, the same in every hierarchy that is there. */
export class CgroupContainer implements Container {
  readonly #layout: CgroupLayout;
  readonly #name: string;
  readonly #killable: KillableCgroup;
  #limits = noLimits;
  /** What the files hold, by path; several values one after the other are joined. */
  #written: ReadonlyMap<string, string>;
  #cpuMsBefore = 0;
  #killing: Promise<void> | undefined;

  /** @throws CONTAINMENT_FAILED when the kernel does not take it */
  constructor(layout: CgroupLayout, name: string, limits: ContainmentLimits) {
    this.#layout = layout;
    this.#name = name;
    this.#killable = killableOf(layout, name);
    for (const base of basesOf(layout)) this.#make(`${base}/${name}`);
    this.#written = new Map(
      [...this.#values(noLimits)].filter(([path]) => !path.endsWith('/memory.oom.group')),
    );
    this.setLimits(limits);
  }

  launch({
    command,
    args,
    user,
    setsListenPid = false,
  }: Parameters<Container['launch']>[0]): ReturnType<Container['launch']> {
    const account = user === undefined ? undefined : findUser(user);
    const enter = basesOf(this.#layout).map((base) => `${base}/${this.#name}/cgroup.procs`);
    const line = launchLine({ enter, limits: this.#limits, user: account, command, args, setsListenPid });
    return { ...line, env: account ? userEnvironment(account) : {} };
  }

  adopt(): void {
    // It goes inside by itself.
    this.#cpuMsBefore = this.#cpuMs();
  }

  setLimits(limits: ContainmentLimits): void {
    this.#limits = limits;
    const values = this.#values(limits);
    const changed = new Set(
      [...values].filter(([path, value]) => this.#written.get(path) !== value).map(([path]) => path),
    );
    for (const { base, file, value, isOptional } of cgroupSettings(this.#layout, limits)) {
      const path = `${base}/${this.#name}/${file}`;
      if (!changed.has(path)) continue;
      const failed = writeSetting(path, value);
      if (failed && isOptional !== true)
        throw this.#failed(`The kernel does not take "${value}" for ${path}`, failed);
    }
    this.#written = values;
  }

  async kill(): Promise<void> {
    // One that is under way is waited for also when nothing is left: it must not reach what is started next.
    if (this.#killing === undefined && this.isEmpty()) return;
    this.#killing ??= this.#killAll().finally(() => {
      this.#killing = undefined;
    });
    await this.#killing;
  }

  isEmpty(): boolean {
    return isEmptyCgroup(this.#killable);
  }

  isGone(): boolean {
    return basesOf(this.#layout).some((base) => !existsSync(`${base}/${this.#name}`));
  }

  usage(): ReturnType<Container['usage']> {
    const processes = processesOf(this.#killable.anchor);
    if (processes.length === 0) return undefined;
    return {
      cpuMs: Math.max(0, this.#cpuMs() - this.#cpuMsBefore),
      memoryBytes: this.#memoryBytes(processes),
      processes: processes.length,
    };
  }

  outOfMemoryKills(): number {
    const { unified, v1 } = this.#layout;
    if (unified?.controllers.has('memory'))
      return numberAfter(this.#read(unified.base, 'memory.events'), 'oom_kill');
    return v1.memory === undefined ? 0 : numberAfter(this.#read(v1.memory, 'memory.oom_control'), 'oom_kill');
  }

  remove(): void {
    for (const base of basesOf(this.#layout)) removeCgroup(`${base}/${this.#name}`);
  }

  async #killAll(): Promise<void> {
    await tryUntil(() => {
      if (!this.isEmpty()) killOnce(this.#killable);
      return this.isEmpty();
    });
    // Without a freezer the way to the end was to let it not grow.
    if (this.#killable.how === 'signals') this.#rewrite('pids.max');
  }

  #make(path: string): void {
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw this.#failed(`The control group ${path} cannot be made`, error as Error);
    }
  }

  #failed(what: string, cause: Error): Error {
    return platformErrors.error('CONTAINMENT_FAILED', `${what}: ${cause.message}`, { cause });
  }

  #values(limits: ContainmentLimits): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    for (const { base, file, value } of cgroupSettings(this.#layout, limits)) {
      const path = `${base}/${this.#name}/${file}`;
      const before = values.get(path);
      values.set(path, before === undefined ? value : `${before} ${value}`);
    }
    return values;
  }

  #rewrite(file: string): void {
    this.#written = new Map([...this.#written].filter(([path]) => !path.endsWith(`/${file}`)));
    this.setLimits(this.#limits);
  }

  #read(base: string, file: string): string | undefined {
    return readSmallFile(`${base}/${this.#name}/${file}`);
  }

  #cpuMs(): number {
    const { unified, v1 } = this.#layout;
    if (unified) return numberAfter(this.#read(unified.base, 'cpu.stat'), 'usage_usec') / 1000;
    return v1.cpuacct === undefined ? 0 : Number(this.#read(v1.cpuacct, 'cpuacct.usage') ?? 0) / 1e6;
  }

  /**
   * The working set: what counts against the limit, without the part of the page cache that the kernel would drop at
   * once. The same as Kubernetes shows (cadvisor, container_memory_working_set_bytes).
   */
  #memoryBytes(processes: readonly number[]): number {
    const { unified, v1 } = this.#layout;
    const isTwo = unified?.controllers.has('memory') ?? false;
    const base = isTwo ? unified?.base : v1.memory;
    if (base === undefined) return processes.reduce((sum, pid) => sum + residentBytes(pid), 0);
    const all = Number(this.#read(base, isTwo ? 'memory.current' : 'memory.usage_in_bytes') ?? 0);
    const inactive = isTwo ? 'inactive_file' : 'total_inactive_file';
    return Math.max(0, all - numberAfter(this.#read(base, 'memory.stat'), inactive));
  }
}

/** From /proc/PID/statm (proc_pid_statm(5)); 0 when it has gone. */
function residentBytes(pid: number): number {
  return Number(readSmallFile(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * pageBytes;
}
