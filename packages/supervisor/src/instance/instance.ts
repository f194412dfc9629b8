import { messageOf, type LifecycleStatus } from '@mainstay/core';

import type { ServiceDeclaration } from '../manifest/types.ts';
import type { Run, RunEnd, RunEvents } from '../runner/types.ts';
import type { EndedRunView, InstancePhase, InstanceView, StartCause } from '../supervisor/types.ts';
import { describeEnd } from './describe.ts';
import { endedView } from './ended-view.ts';
import type { InstanceHost } from './host.ts';
import { LiveRun } from './live-run.ts';
import { initialInstance } from './machine.ts';
import { NamedTimers } from './named-timers.ts';
import { RunReports, tellOutOfMemory } from './run-reports.ts';
import {
  rulesOf,
  type InstanceEffect,
  type InstanceEvent,
  type InstanceModel,
  type InstanceRules,
  type InstanceTimer,
} from './types.ts';
import { viewOf } from './view.ts';
import { Waiters } from './waiters.ts';

/**
 * One instance of a service: the machine decides, this carries it out.
 *
 * INVARIANTS: events are taken one at a time, in order, also those that effects cause. What comes from a run that is over
 * is ignored. Every timer of the machine exists at most once.
 */
export class Instance {
  readonly #host: InstanceHost;
  readonly index: number;
  #declaration: ServiceDeclaration;
  #rules: InstanceRules;
  #model: InstanceModel;
  readonly #runs = new Map<number, LiveRun>();
  readonly #timers: NamedTimers<InstanceTimer>;
  readonly #queue: InstanceEvent[] = [];
  #isDraining = false;
  #isReleased = false;
  #toldPhase: InstancePhase = 'stopped';
  readonly #waiters: Waiters;
  #lastEnd: EndedRunView | undefined;
  #endDetail: string | undefined;
  #reloadFailure: string | undefined;
  #lastCause: StartCause | undefined;
  /** It is to go when it has stopped: scaled down, or its service removed. */
  isLeaving = false;

  constructor(
    host: InstanceHost,
    options: {
      readonly declaration: ServiceDeclaration;
      readonly index: number;
      readonly before?: Parameters<typeof initialInstance>[0];
    },
  ) {
    this.#host = host;
    this.#declaration = options.declaration;
    this.#rules = rulesOf(options.declaration);
    this.index = options.index;
    this.#model = initialInstance(options.before);
    const { clock } = host;
    this.#waiters = new Waiters(clock);
    this.#timers = new NamedTimers<InstanceTimer>(clock, (timer) =>
      this.send({ type: 'timer', timer, at: clock.monotonic() }),
    );
  }

  get service(): string {
    return this.#declaration.name;
  }

  get declaration(): ServiceDeclaration {
    return this.#declaration;
  }

  get phase(): InstancePhase {
    return this.#model.phase;
  }

  /** Number of the latest run. */
  get lastRun(): number {
    return this.#model.lastRun;
  }

  get restarts(): Pick<InstanceModel, 'restarts' | 'restartsByCause'> {
    return this.#model;
  }

  get hasProcess(): boolean {
    return this.#model.current !== undefined || this.#model.second !== undefined;
  }

  /** Why the last reload was given up; undefined when it was not. */
  get reloadFailure(): string | undefined {
    return this.#reloadFailure;
  }

  /** The latest process; undefined when there is none. */
  get live(): LiveRun | undefined {
    return this.#model.current && this.#runs.get(this.#model.current.run);
  }

  /** Every process of it: two while a reload is under way. */
  get lives(): Iterable<LiveRun> {
    return this.#runs.values();
  }

  liveOf(run: number): LiveRun | undefined {
    return this.#runs.get(run);
  }

  /** From now on it goes by this; what runs is not restarted for it. */
  change(declaration: ServiceDeclaration): void {
    const before = this.#declaration;
    this.#declaration = declaration;
    this.#rules = rulesOf(declaration);
    for (const live of this.#runs.values()) this.#update(live, before);
  }

  /** Lets go of its processes, which live on without us; nothing is done from now on. */
  release(): void {
    this.#isReleased = true;
    for (const live of this.#runs.values()) live.close();
    this.#timers.clearAll();
    this.#runs.clear();
  }

  send(event: InstanceEvent): void {
    if (this.#isReleased) return;
    this.#queue.push(event);
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#isDraining = false;
    }
    this.#changed();
  }

  /** Starts a replacement beside it; `isReloading` until that is ready or given up. */
  reload(cause: StartCause): void {
    this.#reloadFailure = undefined;
    this.send({ type: 'reload', cause, at: this.#host.clock.monotonic() });
  }

  get isReloading(): boolean {
    return this.#model.second?.role === 'replacement';
  }

  /** It has two processes: a replacement that is not ready, or an old one that leaves. */
  get isDouble(): boolean {
    return this.#model.second !== undefined;
  }

  /** How long a new process may take to be ready, in ms. */
  get readyWithinMs(): number {
    return this.#rules.reloadTimeoutMs;
  }

  /** Of the current process; 0 without one. */
  get uptimeMs(): number {
    const { live } = this;
    return live ? this.#host.clock.monotonic() - live.startedAt : 0;
  }

  /** Resolves as soon as it is so, or, when `withinMs` is given, that time has passed; looked at after every change. */
  until(test: () => boolean, withinMs?: number): Promise<void> {
    return this.#waiters.until(test, withinMs);
  }

  /** Takes over a process of an earlier agent. */
  adopt(run: Run): RunEvents {
    const { clock } = this.#host;
    // It may be older than our own clock's beginning; what counts is its age.
    const live = this.#newLive(
      run.id.run,
      undefined,
      clock.monotonic() - Math.max(0, clock.now() - run.startedAt),
    );
    live.run = run;
    this.#runs.set(run.id.run, live);
    this.#host.remember();
    this.#follow(live, run);
    this.send({ type: 'adopted', run: run.id.run, at: live.startedAt });
    return this.#eventsOf(live);
  }

  #newLive(run: number, cause: StartCause | undefined, startedAt?: number): LiveRun {
    const id = { service: this.service, instance: this.index, run };
    const reports = new RunReports(this.#host, this, id);
    const { clock, prober, log } = this.#host;
    return new LiveRun({ id, cause, clock, prober, log, ...reports.listeners }, startedAt);
  }

  #eventsOf(live: LiveRun): RunEvents {
    return {
      onStatus: (status) => this.#status(live, status),
      onOutOfMemory: () => tellOutOfMemory(this.#host, live, this.#declaration.limits.memoryHardBytes),
    };
  }

  view(): InstanceView {
    return viewOf({
      index: this.index,
      model: this.#model,
      live: this.live,
      lastEnd: this.#lastEnd,
      nextStartIn: this.#timers.left('restart'),
      clock: this.#host.clock,
    });
  }

  /** Why the latest run was started; undefined when none was. */
  get cause(): StartCause | undefined {
    return this.live?.cause ?? this.#lastCause;
  }

  /** What the probe said for which the last run was ended. */
  get endDetail(): string | undefined {
    return this.#endDetail;
  }

  get lastEnd(): EndedRunView | undefined {
    return this.#lastEnd;
  }

  #step(event: InstanceEvent): void {
    const { model, effects } = this.#host.step(this.#model, event, this.#rules);
    this.#model = model;
    for (const effect of effects) this.#perform(effect);
  }

  #changed(): void {
    const from = this.#toldPhase;
    const to = this.#model.phase;
    if (from !== to) {
      this.#toldPhase = to;
      const id = { service: this.service, instance: this.index, run: this.#model.lastRun };
      this.#host.tell({ type: 'phase', id, from, to, reason: this.#model.reason });
    }
    this.#host.onChange(this, from === to ? undefined : { from, to });
    this.wake();
  }

  /** Lets those who wait look again. */
  wake(): void {
    this.#waiters.wake();
  }

  #perform(effect: InstanceEffect): void {
    switch (effect.type) {
      case 'check-dependencies':
        this.#checkDependencies();
        break;
      case 'spawn':
        this.#spawn(effect.run, effect.cause);
        break;
      case 'ask':
        this.#ask(effect.run);
        break;
      case 'kill':
        this.#runs.get(effect.run)?.run?.kill();
        break;
      case 'probe-startup':
        this.#runs.get(effect.run)?.watchStartup(this.#declaration);
        break;
      case 'probe-health':
        this.#runs.get(effect.run)?.watchHealth(this.#declaration);
        break;
      case 'end-probes':
        this.#runs.get(effect.run)?.endProbes();
        break;
      case 'set-timer':
        this.#timers.set(effect.timer, effect.ms);
        break;
      case 'clear-timer':
        this.#timers.clear(effect.timer);
        break;
      case 'crash-loop':
        this.#host.tell({ type: 'crash-loop', id: this.#id(), parked: effect.parked, reason: effect.reason });
        break;
      case 'reloaded':
        this.#reloadFailure = effect.failure;
        break;
    }
  }

  #id(): { readonly service: string; readonly instance: number; readonly run: number } {
    return { service: this.service, instance: this.index, run: this.#model.lastRun };
  }

  /** Something that it waits for may be there, or may never come. */
  dependencyChanged(): void {
    if (this.#model.phase === 'blocked') this.#checkDependencies();
    this.wake();
  }

  #checkDependencies(): void {
    if (!this.#host.areDependenciesMet(this.service)) return;
    this.send({ type: 'dependencies-met', at: this.#host.clock.monotonic() });
  }

  #spawn(number: number, cause: StartCause): void {
    const declaration = this.#declaration;
    const { logs, log } = this.#host;
    const live = this.#newLive(number, cause);
    this.#runs.set(number, live);
    try {
      const spec = this.#host.specOf(declaration, this.index, number);
      const output = logs.openRun(live.id, declaration.logs);
      live.run = this.#host.runnerOf(declaration).start(spec, this.#eventsOf(live), output);
    } catch (error) {
      log.error({ service: this.service, instance: this.index, err: error }, 'Start failed unexpectedly');
      const cause = error instanceof Error ? error : new Error(messageOf(error), { cause: error });
      this.#over(live, { exitCode: undefined, signal: undefined, error: cause, outOfMemory: false });
      return;
    }
    this.#host.remember();
    this.#host.tell({ type: 'started', id: live.id, cause, pid: live.run.pid });
    this.#follow(live, live.run);
  }

  #follow(live: LiveRun, run: Run): void {
    void run.ended.then((end) => this.#over(live, end));
  }

  #over(live: LiveRun, end: RunEnd): void {
    if (this.#isReleased) return;
    const { clock, logs, random } = this.#host;
    const { run } = live.id;
    const at = clock.monotonic();
    const { current, second } = this.#model;
    const known = current?.run === run ? current : second?.run;
    live.close();
    this.#runs.delete(run);
    const view = endedView(end, {
      live,
      ended: known,
      uptimeMs: at - live.startedAt,
      at: clock.now(),
      lastLines: logs.lastLines(this.service, this.index),
    });
    // Of the other one of a reload there is nothing to explain.
    if (current?.run === run) {
      this.#lastEnd = view;
      this.#lastCause = live.cause;
      this.#endDetail = known?.detail;
    }
    this.#host.tell({ type: 'ended', id: live.id, end: view });
    const { exitCode, outOfMemory } = end;
    this.send({
      type: 'ended',
      run,
      at,
      exitCode,
      outOfMemory,
      description: describeEnd(end),
      random: random(),
    });
  }

  #ask(number: number): void {
    const live = this.#runs.get(number);
    if (!live?.run) return;
    live.run.askToStop().catch((error: unknown) => {
      const fields = { service: this.service, instance: this.index, run: number, err: error };
      if (this.#runs.has(number)) this.#host.log.warn(fields, 'It could not be asked to stop, and is killed');
      this.send({ type: 'unaskable', run: number });
    });
  }

  #status(live: LiveRun, status: LifecycleStatus): void {
    if (!this.#runs.has(live.id.run)) return;
    const { run } = live.id;
    live.status = status;
    if (status.state === 'running') this.send({ type: 'up', run, at: this.#host.clock.monotonic() });
    else if (status.state === 'stop-pending' && status.waitHintMs > 0)
      this.send({ type: 'stop-hint', run, ms: status.waitHintMs });
    else this.#changed();
  }

  /** New limits and probes for what runs. */
  #update(live: LiveRun, before: ServiceDeclaration): void {
    const { limits, health } = this.#declaration;
    if (JSON.stringify(limits) !== JSON.stringify(before.limits)) live.run?.setLimits?.(limits);
    if (JSON.stringify(health) === JSON.stringify(before.health)) return;
    const { current, second } = this.#model;
    const known = current?.run === live.id.run ? current : second?.run;
    if (known) this.send({ type: 'rules', run: known.run, at: this.#host.clock.monotonic() });
  }
}
