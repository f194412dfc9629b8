import type { Clock } from '@mainstay/core';
import {
  defaultRestartRules,
  type InstancePhase,
  type Supervisor,
  type SupervisorEvent,
} from '@mainstay/supervisor';

import type { SimulatedProcess } from './supervisor-programs.ts';

/** Names of what is checked; every one is proven able to fail by a mutation of the machine. */
export type Invariant =
  | 'one process for each instance'
  | 'nothing is spawned after a stop'
  | 'dependencies hold at each start'
  | 'parked after a crash loop, not before'
  | 'a crash loop is parked'
  | 'the phase says whether there is a process'
  | 'a failed probe is acted upon'
  | 'what has not changed is not touched'
  | 'what was stopped says so'
  | 'a shutdown ends'
  | 'a command ends'
  | 'nothing is left'
  | 'no timer is left';

export class InvariantError extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

export function broken(invariant: Invariant, detail: string): never {
  throw new InvariantError(invariant, detail);
}

const withProcess: ReadonlySet<InstancePhase> = new Set(['starting', 'running', 'unready', 'stopping']);
/** Restarts that nobody asked for, which a crash loop is made of. */
const automatic: ReadonlySet<string> = new Set(['crash', 'exit', 'probe', 'out-of-memory', 'memory-limit']);

/** What has happened so far, seen from outside the supervisor. */
export class SupervisorLedger {
  readonly #supervisor: Supervisor;
  readonly #clock: Clock;
  readonly #stopped = new Set<string>();
  readonly #starts = new Map<string, Array<{ readonly at: number; readonly cause: string }>>();
  /** Runs that were started as a replacement: `orders/0#3`. */
  readonly #replacements = new Set<string>();
  readonly #failedProbes: SimulatedProcess[] = [];
  #isShutDown = false;
  #commands = 0;

  constructor(supervisor: Supervisor, clock: Clock) {
    this.#supervisor = supervisor;
    this.#clock = clock;
  }

  /** No command is under way. */
  get isQuiet(): boolean {
    return this.#commands === 0;
  }

  commandBegun(): void {
    this.#commands += 1;
  }

  commandOver(): void {
    this.#commands -= 1;
  }

  stopped(names: readonly string[]): void {
    for (const name of names) this.#stopped.add(name);
  }

  wanted(names: readonly string[]): void {
    for (const name of names) this.#stopped.delete(name);
  }

  /** What it was told is forgotten with it. */
  removed(name: string): void {
    this.#stopped.delete(name);
  }

  shutDown(): void {
    this.#isShutDown = true;
  }

  /** Called as the process is started, before it counts among the living. */
  spawned(process: SimulatedProcess, all: readonly SimulatedProcess[]): void {
    // Of an end in the same moment nobody can know yet.
    const known = all.filter(({ isHeard }) => !isHeard);
    const living = all.filter(({ isOver }) => !isOver);
    const { service } = process.id;
    if (this.#isShutDown || this.#stopped.has(service))
      broken('nothing is spawned after a stop', `${process.name} run ${process.id.run}`);
    const others = living.filter(({ name }) => name === process.name);
    const most = process.spec.declaration.stop.reloadOrder === 'start-first' ? 1 : 0;
    if (others.length > most)
      broken('one process for each instance', `${process.name} has ${others.length} already`);
    if (others.length === 0) this.#checkDependencies(process, known);
  }

  heard(event: SupervisorEvent, processes: readonly SimulatedProcess[]): void {
    if (event.type === 'started') {
      const name = `${event.id.service}/${event.id.instance}`;
      const isReplacement = processes.some(
        (other) => other.name === name && !other.isOver && other.id.run < event.id.run,
      );
      if (isReplacement) this.#replacements.add(`${name}#${event.id.run}`);
      this.#started(name, isReplacement ? 'reload' : event.cause);
    }
    if (event.type === 'ended') {
      const { service, instance, run } = event.id;
      const process = processes.findLast(
        ({ id }) => id.service === service && id.instance === instance && id.run === run,
      );
      if (process) process.isHeard = true;
    }
    if (event.type === 'crash-loop' && event.parked) this.#parked(`${event.id.service}/${event.id.instance}`);
    if (event.type === 'probe-state' && !event.ok && event.kind !== 'readiness') {
      const { service, instance, run } = event.id;
      const process = processes.find(
        ({ id }) => id.service === service && id.instance === instance && id.run === run,
      );
      if (process) this.#failedProbes.push(process);
    }
  }

  /** Between two events: everything that was to be done at once has been done. */
  check(living: readonly SimulatedProcess[]): void {
    for (const process of this.#failedProbes.splice(0))
      if (!process.isOver && !process.isTold) broken('a failed probe is acted upon', process.name);
    const byName = Map.groupBy(living, ({ name }) => name);
    for (const [name, processes] of byName) {
      const untold = processes.filter(({ isTold }) => !isTold);
      const isReload = untold.some(({ id }) => this.#replacements.has(`${name}#${id.run}`));
      if (processes.length > 2 || (untold.length > 1 && !isReload))
        broken('one process for each instance', `${name} has ${processes.length}`);
    }
    for (const view of this.#supervisor.views()) {
      for (const { instance, phase, pid } of view.instances) {
        const name = `${view.name}/${instance}`;
        const processes = byName.get(name) ?? [];
        const isLeaving = processes.length > 0 && processes.every(({ isTold }) => isTold);
        if (withProcess.has(phase) ? processes.length === 0 : processes.length > 0 && !isLeaving)
          broken('the phase says whether there is a process', `${name} is ${phase} with ${processes.length}`);
        if (pid !== undefined && !processes.some((process) => process.pid === pid))
          broken('the phase says whether there is a process', `${name} shows a process that has ended`);
      }
      const known = new Set(view.instances.map(({ instance }) => `${view.name}/${instance}`));
      for (const name of byName.keys())
        if (name.startsWith(`${view.name}/`) && !known.has(name))
          broken('nothing is left', `${name} is not shown`);
    }
  }

  #started(name: string, cause: string): void {
    const at = this.#clock.monotonic();
    const starts = this.#starts.get(name) ?? [];
    // A command by hand is a new beginning.
    if (!automatic.has(cause) && cause !== 'parked-retry' && cause !== 'schedule' && cause !== 'reload')
      starts.length = 0;
    starts.push({ at, cause });
    this.#starts.set(name, starts);
    const { crashLoopWindowMs, crashLoopStarts } = defaultRestartRules;
    // So is a reload of one that was about to end; which that is cannot be seen from here.
    const last = starts.findLastIndex((start) => start.cause === 'reload');
    const recent = starts
      .slice(last + 1)
      .filter((start) => at - start.at < crashLoopWindowMs && automatic.has(start.cause));
    if (recent.length > crashLoopStarts)
      broken('a crash loop is parked', `${name} was restarted ${recent.length} times`);
  }

  #parked(name: string): void {
    const { crashLoopStarts, crashLoopWindowMs } = defaultRestartRules;
    const since = this.#clock.monotonic() - crashLoopWindowMs;
    const recent = (this.#starts.get(name) ?? []).filter(({ at }) => at >= since);
    if (recent.length < crashLoopStarts)
      broken('parked after a crash loop, not before', `${name} after ${recent.length} starts`);
  }

  #checkDependencies(process: SimulatedProcess, living: readonly SimulatedProcess[]): void {
    const views = this.#supervisor.views();
    for (const { service, condition } of process.spec.declaration.dependsOn) {
      const view = views.find(({ name }) => name === service);
      const detail = `${process.name} starts with ${service} ${view?.instances.map(({ phase }) => phase).join(', ')}`;
      if (!view) return broken('dependencies hold at each start', detail);
      for (const { instance, phase } of view.instances.slice(0, view.wanted)) {
        const lives = living.some(({ name, isTold }) => name === `${service}/${instance}` && !isTold);
        const holds =
          condition === 'completed'
            ? phase === 'completed'
            : condition === 'healthy'
              ? phase === 'running' && lives
              : lives || phase === 'completed';
        if (!holds) broken('dependencies hold at each start', detail);
      }
    }
  }
}
