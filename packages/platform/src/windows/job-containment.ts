import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, type Logger } from '@mainstay/core';
import type { Container, Containment, ContainmentLimits } from '../containment/types.ts';
import { hearCtrlC } from './hear-ctrl-c.ts';
import { CompletionPort, JobObject } from './job-object.ts';
import { descendantsAmong, readParents, readProcessUsage } from './job-processes.ts';
import { JobLimit, jobLimitsOf, jobMemoryLimitMessage } from './job-structures.ts';

/** What TerminateProcess of `child.kill()` gives, too. */
const killedExitCode = 1;
/** Milliseconds between looks at a job whose processes were ended: the first, and at most. */
const firstLookMs = 1;
const maxLookMs = 50;

export interface JobContainmentOptions {
  readonly log: Logger;
  /** What a share of "one core" is of. @default all of the machine */
  readonly processors?: number;
}

/**
 * Holds trees of processes together by job objects.
 *
 * INVARIANTS:
 * - This process is in the agent's job, so everything that it starts is, from its first instruction on. The only handle
 *   to that job is this process's and is not inherited: however it ends, Windows closes it and kills what is left.
 * - Each container is a job nested below. libuv puts every child that is not detached into a job of its own, which lets
 *   grandchildren break away silently; a container's job is nested inside that one and allows no breakaway, and
 *   Windows asks the innermost job first (MSDN: JOBOBJECT_BASIC_LIMIT_INFORMATION, SILENT_BREAKAWAY_OK).
 * - A program that asks for CREATE_BREAKAWAY_FROM_JOB is refused by Windows (error 5).
 */
export function createJobContainment(options: JobContainmentOptions): Containment {
  return new JobContainment(options);
}

class JobContainment implements Containment {
  readonly kind = 'job-object';
  readonly unheldLimits: Containment['unheldLimits'];
  readonly noOtherUsers = 'Windows wants a password for that: run the agent as that account';
  readonly agentJob = new JobObject();
  /** False when something outside does not let this process into another job: children then are put into it one by one. */
  readonly isInside: boolean;
  readonly processors: number;
  readonly #port = new CompletionPort();
  readonly #containers = new Map<string, JobContainer>();
  readonly #byKey = new Map<number, JobContainer>();
  #lastKey = 0;

  constructor({ log, processors = cpus().length || availableParallelism() }: JobContainmentOptions) {
    // Before anything is started: what this process is deaf to, its children are.
    hearCtrlC();
    this.processors = processors;
    const cpu = rateControlRefusal();
    this.unheldLimits = {
      openFiles: 'Windows has no limit on the handles of a process; watch the metric instead',
      ...(cpu !== undefined && { cpu }),
    };
    this.agentJob.setLimits({ ...noLimits, flags: JobLimit.killOnJobClose });
    const refusal = this.agentJob.assignSelf();
    this.isInside = refusal === undefined;
    if (refusal) {
      log.warn(
        { error: messageOf(refusal) },
        'The agent cannot enter a job object; what a program starts in its first moments may outlive the agent',
      );
    }
  }

  create(name: string, limits: ContainmentLimits): Promise<Container> | Container {
    const old = this.#containers.get(name);
    return old ? this.#replace(old, name, limits) : this.#make(name, limits);
  }

  async #replace(old: JobContainer, name: string, limits: ContainmentLimits): Promise<Container> {
    await old.kill();
    old.remove();
    return this.#make(name, limits);
  }

  #make(name: string, limits: ContainmentLimits): Container {
    this.#lastKey += 1;
    const key = this.#lastKey;
    const container = new JobContainer(this, limits, () => {
      this.#containers.delete(name);
      this.#byKey.delete(key);
    });
    container.job.notify(this.#port, key);
    this.#containers.set(name, container);
    this.#byKey.set(key, container);
    return container;
  }

  /** Processes of the agent's that no container holds. */
  strays(): Set<number> {
    const found = new Set(this.agentJob.processIds());
    found.delete(process.pid);
    for (const { job } of this.#containers.values()) {
      for (const pid of job.processIds()) found.delete(pid);
    }
    return found;
  }

  takeMessages(): void {
    for (const { key, message, pid } of this.#port.take()) {
      if (message === jobMemoryLimitMessage) this.#byKey.get(key)?.refuseMemory(pid);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#containers.values()];
    await Promise.all(all.map((container) => container.kill()));
    for (const container of all) container.remove();
    this.#port[Symbol.dispose]();
    // This process is in it, and has more to do.
    this.agentJob.setLimits({ ...noLimits, flags: 0 });
    this.agentJob[Symbol.dispose]();
  }
}

/**
 * Why processor time cannot be capped; undefined when it can. Not where Remote Desktop Services share it out (MSDN:
 * JOBOBJECT_CPU_RATE_CONTROL_INFORMATION, Dynamic Fair Share Scheduling), nor under Wine.
 */
function rateControlRefusal(): string | undefined {
  using job = new JobObject();
  try {
    job.setLimits({ ...noLimits, flags: 0, cpuRate: 5_000 });
    return undefined;
  } catch (error) {
    return `Windows refuses to cap processor time here: ${messageOf(error)}`;
  }
}

const noLimits = { memoryBytes: 0, processes: 0, priorityClass: 0, cpuRate: undefined } as const;

class JobContainer implements Container {
  readonly job = new JobObject();
  readonly #owner: JobContainment;
  readonly #forget: () => void;
  #isRemoved = false;
  /** Processor time that earlier runs took, in ms. */
  #cpuBaseMs = 0;
  /** Processes of this run that ran into the memory limit: Windows refuses them the memory, and most end by that. */
  readonly #refusedMemory = new Set<number>();
  #refusals = 0;

  constructor(owner: JobContainment, limits: ContainmentLimits, forget: () => void) {
    this.#owner = owner;
    this.#forget = forget;
    this.setLimits(limits);
  }

  launch({ command, args }: { readonly command: string; readonly args: readonly string[] }) {
    return { command, args, env: {} };
  }

  /** Also takes in what the process has started meanwhile. Throws WINDOWS_CALL_FAILED. */
  adopt(pid: number): void {
    const before = this.job.accounting();
    if (before.activeProcesses === 0) {
      this.#owner.takeMessages();
      this.#cpuBaseMs = before.cpuMs;
      this.#refusedMemory.clear();
    }
    if (!this.#owner.isInside) this.#owner.agentJob.assign(pid);
    this.job.assign(pid);
    for (let left = this.#strayChildren(pid); left.length > 0; left = this.#strayChildren(pid)) {
      const taken = left.filter((child) => this.job.assign(child));
      // Those that are left are ending.
      if (taken.length === 0) break;
    }
  }

  setLimits(limits: ContainmentLimits): void {
    this.job.setLimits(jobLimitsOf(limits, this.#owner.processors));
  }

  async kill(): Promise<void> {
    for (let lookMs = firstLookMs; !this.isEmpty(); lookMs = Math.min(2 * lookMs, maxLookMs)) {
      this.job.terminate(killedExitCode);
      if (!this.isEmpty()) await sleep(lookMs);
    }
  }

  isEmpty(): boolean {
    return this.#isRemoved || this.job.accounting().activeProcesses === 0;
  }

  usage(): { readonly cpuMs: number; readonly memoryBytes: number; readonly processes: number } | undefined {
    if (this.#isRemoved) return undefined;
    const { cpuMs, activeProcesses } = this.job.accounting();
    if (activeProcesses === 0) return undefined;
    const each = this.job.processIds().map((pid) => readProcessUsage(pid));
    const sum = (field: 'cpuMs' | 'memoryBytes') =>
      each.reduce((total, usage) => total + (usage?.[field] ?? 0), 0);
    this.#owner.takeMessages();
    return {
      // The job's own count includes those that have ended; Wine leaves it at 0.
      cpuMs: Math.max(cpuMs - this.#cpuBaseMs, sum('cpuMs')),
      memoryBytes: sum('memoryBytes'),
      processes: activeProcesses,
    };
  }

  refuseMemory(pid: number): void {
    if (this.#refusedMemory.has(pid)) return;
    this.#refusedMemory.add(pid);
    this.#refusals += 1;
  }

  /** Counts processes that were refused memory at the limit. Windows does not kill them. */
  outOfMemoryKills(): number {
    if (!this.#isRemoved) this.#owner.takeMessages();
    return this.#refusals;
  }

  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#owner.takeMessages();
    this.#forget();
    this.job[Symbol.dispose]();
  }

  #strayChildren(pid: number): number[] {
    const strays = this.#owner.strays();
    return strays.size === 0 ? [] : descendantsAmong(pid, strays, readParents());
  }
}
