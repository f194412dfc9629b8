import {
  isAppError,
  messageOf,
  type Clock,
  type Control,
  type ControlAnswer,
  type Logger,
  type ManagedEnd,
  type ServiceInfo,
  type ServiceManager,
  type ServicePlan,
  type ServiceSpec,
} from '@mainstay/core';

import type { HealthProbe, ReclaimRequest, Run, RunEnd, RunEvents, RunSpec, Usage } from '../runner/types.ts';
import { killControl } from './host-exit.ts';
import { endOf, identityOf, isSameRun, neverRan, startOf, startsAgain } from './run-identity.ts';
import { StatusReporter, type ServiceTalk } from './service-talk.ts';

/** How long a refusal of a stop is waited for, in ms; what is said later is found out by looking. */
const refusalMs = 500;
/** Looks while a unit is on its way down, in ms. */
const closeLookMs = 50;

/** What a run needs of its runner. */
export interface RunContext {
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly log: Logger;
  readonly name: string;
  /** Undefined for a program that cannot be asked. */
  readonly talk: ServiceTalk | undefined;
  readonly usage: () => Promise<Usage | undefined>;
  readonly ends: (identity: string | undefined) => Promise<readonly ManagedEnd[]>;
  /** It runs inside the agent's host, which takes `killControl`. */
  readonly isHosted: boolean;
  /** Another run has begun where this one ended: somebody has to want it. */
  readonly onReplaced: () => void;
}

export interface InstalledUnit {
  readonly service: ServiceSpec;
  /** What the installation changed. */
  readonly plan: ServicePlan;
}

/** One run of a unit, from our start of it, or our finding it, to its end. */
export class NativeRun implements Run {
  readonly id: RunSpec['id'];
  readonly ended: Promise<RunEnd>;
  readonly #context: RunContext;
  readonly #resolve: (end: RunEnd) => void;
  readonly #status: StatusReporter;
  /** Stop and kill wait for it: before the unit is installed there is nothing to stop. */
  #installed: Promise<unknown> = Promise.resolve();
  #launching: Promise<void> = Promise.resolve();
  #stopTimeoutMs = 0;
  #startedAt: number;
  #pid: number | undefined;
  #identity: string | undefined;
  /** Nobody waits for its start any more: what is seen of it counts. */
  #isLaunched = false;
  #isUnwanted = false;
  /** Told when it turns out that nothing has run. */
  #startError: Error | undefined;
  #isEnding = false;
  #isOver = false;

  constructor(spec: RunSpec, events: RunEvents, context: RunContext) {
    this.id = spec.id;
    this.#context = context;
    this.#startedAt = context.clock.now();
    this.#stopTimeoutMs = spec.declaration.stop.graceMs + refusalMs;
    this.#status = new StatusReporter(events, context.talk);
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    this.ended = promise;
    this.#resolve = (end) => {
      this.#isOver = true;
      if (end.outOfMemory) events.onOutOfMemory();
      resolve(end);
    };
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** Its start is over: from now on, nothing to be seen of it is an end. */
  get isLaunched(): boolean {
    return this.#isLaunched;
  }

  /** It is still being started: its pid is not known yet. */
  get isPending(): boolean {
    return !this.#isLaunched || this.#identity === undefined;
  }

  /** Installs the unit and starts it, or takes over what runs already. Never rejects: a failure is its end. */
  launch(install: () => Promise<InstalledUnit>): void {
    this.#launching = this.#launch(install);
  }

  async #launch(install: () => Promise<InstalledUnit>): Promise<void> {
    const { manager, name } = this.#context;
    try {
      const installing = install();
      this.#installed = installing.catch(() => undefined);
      const { service, plan } = await installing;
      this.#stopTimeoutMs = service.stopTimeoutMs;
      const before = await manager.query(name);
      if (this.#isUnwanted) return this.#resolve(neverRan(undefined));
      const runs = before.pid !== undefined && before.state !== 'stop-pending';
      // What runs by an old definition is no run of this one.
      if (runs && !plan.needsRestart) return await this.#launched(before);
      const timeoutMs = service.startTimeoutMs + service.stopTimeoutMs;
      await this.#launched(await manager.act(name, runs ? 'restart' : 'start', { timeoutMs }));
    } catch (error) {
      await this.#launchFailed(error);
    }
  }

  /** Takes over what runs already. */
  async takeOver(info: ServiceInfo): Promise<void> {
    await this.#launched(info);
  }

  /** What the manager says of the unit now. */
  async see(info: ServiceInfo): Promise<void> {
    if (this.#isOver || this.#isEnding) return;
    if (info.pid !== undefined && this.#identity === undefined) this.#begin(info);
    const isOurs = info.pid !== undefined && isSameRun(this.#identity, info);
    if (isOurs) return this.#status.see(info);
    if (!this.#isLaunched) return;
    if (info.pid === undefined && info.state === 'stop-pending') return this.#lookAgain();
    await this.#end(info);
  }

  async askToStop(): Promise<void> {
    this.#isUnwanted = true;
    await this.#installed;
    if (this.#isOver) return;
    const { manager, name, clock } = this.#context;
    const asked = manager.act(name, 'stop', { timeoutMs: this.#stopTimeoutMs * 2 });
    const seen = asked.then(
      (info) => this.see(info),
      async (error: unknown) => {
        const code = isAppError(error) ? error.code : undefined;
        // It is down, or on its way: how it went is told by its end.
        if (code !== 'MANAGER_STOP_FAILED' && code !== 'MANAGER_TIMEOUT') throw error;
        await this.look();
      },
    );
    const patience = Promise.withResolvers<void>();
    const timer = clock.setTimer(refusalMs, patience.resolve);
    // What comes too late for the caller has been seen all the same.
    seen.catch((error: unknown) =>
      this.#context.log.warn({ unit: name, reason: messageOf(error) }, 'A stop failed'),
    );
    await Promise.race([seen, patience.promise]).finally(() => timer.clear());
  }

  kill(): void {
    this.#isUnwanted = true;
    void this.#kill();
  }

  signal(name: string): void {
    const { manager, log, name: unit } = this.#context;
    manager.signal?.(unit, name).catch((error: unknown) => {
      log.warn({ unit, signal: name, reason: messageOf(error) }, 'A signal could not be sent');
    });
  }

  async control(control: Control): Promise<ControlAnswer | undefined> {
    return this.#isOver ? undefined : this.#context.talk?.control(control);
  }

  async probe(timeoutMs: number): Promise<HealthProbe | undefined> {
    return this.#isOver ? undefined : this.#context.talk?.probe(timeoutMs);
  }

  async reclaim(request: ReclaimRequest): Promise<boolean | undefined> {
    return this.#isOver ? undefined : this.#context.talk?.reclaim(request);
  }

  async usage(): Promise<Usage | undefined> {
    await Promise.race([this.#launching, this.ended]);
    return this.#isOver || this.#pid === undefined ? undefined : this.#context.usage();
  }

  /** Asks the manager itself, outside the runner's own rounds. */
  async look(): Promise<void> {
    const { manager, name, log } = this.#context;
    try {
      await this.see(await manager.query(name));
    } catch (error) {
      log.warn({ unit: name, reason: messageOf(error) }, 'A unit could not be looked at');
    }
  }

  async #kill(): Promise<void> {
    const { manager, name, log, isHosted } = this.#context;
    await this.#installed;
    if (this.#isOver) return;
    const options = { timeoutMs: this.#stopTimeoutMs * 2 };
    try {
      if (isHosted) await manager.sendCustomControl(name, killControl);
      await this.see(await (manager.kill ? manager.kill(name, options) : manager.act(name, 'stop', options)));
    } catch (error) {
      // Killed is what a unit is that "did not stop cleanly".
      if (!isAppError(error) || error.code !== 'MANAGER_STOP_FAILED')
        log.warn({ unit: name, reason: messageOf(error) }, 'A unit could not be killed');
      await this.look();
    }
  }

  async #launched(info: ServiceInfo): Promise<void> {
    if (info.pid !== undefined && this.#identity === undefined) this.#begin(info);
    this.#isLaunched = true;
    await this.see(info);
  }

  #begin(info: ServiceInfo): void {
    this.#identity = identityOf(info);
    this.#pid = info.pid;
    this.#startedAt = startOf(info, this.#startedAt);
  }

  /** A program that has ended before its start was over has run all the same; one that never ran has an error. */
  async #launchFailed(thrown: unknown): Promise<void> {
    if (this.#isOver || this.#isEnding) return;
    const { manager, name } = this.#context;
    const reason = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
    if (isAppError(reason) && reason.code === 'MANAGER_TIMEOUT') await this.#cancel();
    const info = await manager.query(name).catch(() => undefined);
    const hasStarted = isAppError(reason) && reason.code === 'MANAGER_START_FAILED' && info !== undefined;
    if (!hasStarted) return this.#resolve(neverRan(this.#isUnwanted ? undefined : reason));
    // Not before all is known: a round that comes in between would take it for an end like any other.
    this.#startError = reason;
    this.#isLaunched = true;
    // It may be on its way down still, and its end not noted yet.
    await this.see(info);
  }

  async #end(info: ServiceInfo): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const identity = this.#identity ?? info.run?.id;
    const end = endOf(identity, info, await this.#context.ends(identity).catch(() => []));
    const isReplaced = info.pid !== undefined && !isSameRun(identity, info);
    // While an agent is there it alone decides when to start again; what runs already is left to be taken over.
    if (startsAgain(info)) await this.#cancel();
    const isKnown = end.exitCode !== undefined || end.signal !== undefined;
    this.#resolve(isKnown || this.#isUnwanted ? end : neverRan(end.error ?? this.#startError));
    if (isReplaced) this.#context.onReplaced();
  }

  async #cancel(): Promise<void> {
    const { manager, name, log } = this.#context;
    await manager.act(name, 'stop', { timeoutMs: this.#stopTimeoutMs * 2 }).catch((error: unknown) => {
      if (isAppError(error) && error.code === 'MANAGER_STOP_FAILED') return;
      log.warn({ unit: name, reason: messageOf(error) }, 'A restart by the manager could not be called off');
    });
  }

  #lookAgain(): void {
    this.#context.clock.setTimer(closeLookMs, () => void this.look());
  }
}
