import { isAppError, VirtualClock, type Logger } from '@mainstay/core';
import {
  defaultRestartRules,
  Supervisor,
  type LogStore,
  type Manifest,
  type Prober,
  type ProbeResult,
  type ProbeRules,
  type Run,
  type RunEvents,
  type Runner,
  type RunSpec,
  type ServiceDeclaration,
  type SupervisorEvent,
  type SupervisorOptions,
} from '@mainstay/supervisor';

import { SeededRandom } from './random.ts';
import { SupervisorLedger, broken } from './supervisor-invariants.ts';
import { behaviourOf, SimulatedProcess } from './supervisor-programs.ts';
import type { Action, SimulatedService, Trace } from './supervisor-trace.ts';

export type StepFunction = NonNullable<SupervisorOptions['step']>;

const graceMs = 5_000;
/** Nothing takes longer than this to end once everything is told to: the services stop one after the other. */
const endWithinMs = 120_000;

const nothingToDo = () => undefined;
const silent: Logger = {
  trace: nothingToDo,
  debug: nothingToDo,
  info: nothingToDo,
  warn: nothingToDo,
  error: nothingToDo,
  fatal: nothingToDo,
  child: () => silent,
};

const logs: LogStore = {
  openRun: () => ({ write: () => true, onDrain: undefined, end: async () => undefined }),
  read: async function* () {},
  lastLines: () => [],
  watch: () => nothingToDo,
  statistics: () => ({ services: {}, bytesOnDisk: 0, filesDropped: 0, bytesPending: 0, failing: undefined }),
  close: async () => undefined,
};

/** A supervisor, its programs and what happens to them, under virtual time; everything is checked after each step. */
export class SupervisorWorld {
  readonly #trace: Trace;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #supervisor: Supervisor;
  readonly #processes: SimulatedProcess[] = [];
  readonly #ledger: SupervisorLedger;
  readonly #failures: unknown[] = [];
  #hangingProbes = 0;
  #manifest: Manifest;
  readonly events: SupervisorEvent[] = [];

  constructor(trace: Trace, step?: StepFunction) {
    this.#trace = trace;
    this.#random = new SeededRandom(trace.seed + 7);
    this.#manifest = manifestOf(trace.services.map((service) => declarationOf(service, 0)));
    this.#supervisor = new Supervisor({
      clock: this.#clock,
      random: () => this.#random.next(),
      runnerOf: () => this.#runner,
      prober: this.#prober,
      logs,
      log: silent,
      environment: {},
      memory: { read: nothingToDo, write: nothingToDo },
      onEvent: (event) => this.#heard(event),
      ...(step && { step }),
    });
    this.#ledger = new SupervisorLedger(this.#supervisor, this.#clock);
  }

  /** Lives the whole trace, is shut down, and must end with nothing left. Throws with what is broken. */
  async live(): Promise<void> {
    this.#command(this.#supervisor.apply(this.#manifest));
    await this.#drain();
    for (const action of this.#trace.actions) {
      await this.#act(action);
      this.#check();
    }
    await this.#mustEnd();
  }

  get starts(): number {
    return this.#processes.length;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#clock.monotonic() + ms;
    for (;;) {
      const next = this.#clock.untilNext;
      if (next === undefined || this.#clock.monotonic() + next > end) break;
      this.#clock.advance(next);
      await this.#drain();
    }
    this.#clock.advance(end - this.#clock.monotonic());
    await this.#drain();
  }

  async #mustEnd(): Promise<void> {
    this.#ledger.shutDown();
    const shutdown = { isOver: false };
    const over = () => {
      shutdown.isOver = true;
    };
    this.#command(this.#supervisor.shutdown({ force: false }).finally(over));
    await this.#drain();
    const begun = this.#clock.monotonic();
    while (!shutdown.isOver) {
      const next = this.#clock.untilNext;
      if (next === undefined) broken('a shutdown ends', 'it waits for nothing');
      else await this.advance(next);
      if (this.#clock.monotonic() - begun > endWithinMs)
        broken('a shutdown ends', `not after ${endWithinMs} ms`);
    }
    this.#check();
    const living = this.#living();
    if (living.length > 0) broken('nothing is left', `${living[0]?.name} lives after the shutdown`);
    for (const { name, instances } of this.#supervisor.views())
      for (const { instance, phase } of instances)
        if (phase !== 'stopped') broken('what was stopped says so', `${name}/${instance} is ${phase}`);
    // Programs have ended with their timers; a probe that hangs is the only thing that may still be under way.
    if (this.#clock.pendingTimers > this.#hangingProbes)
      broken('no timer is left', `${this.#clock.pendingTimers} are`);
    const before = this.#processes.length;
    await this.advance(2_000_000);
    if (!this.#ledger.isQuiet) broken('a command ends', 'one is under way after the shutdown');
    if (this.#processes.length > before) broken('nothing is spawned after a stop', 'after the shutdown');
  }

  async #act(action: Action): Promise<void> {
    switch (action.do) {
      case 'start':
      case 'stop':
      case 'restart':
      case 'reload':
        this.#tell(action.do, action.services);
        break;
      case 'scale':
        if (this.#isThere(action.service))
          this.#command(this.#supervisor.scale(action.service, action.instances));
        break;
      case 'apply':
        await this.#apply(action);
        break;
      case 'crash':
        for (const process of this.#living())
          if (process.name === `${action.service}/${action.instance}`)
            process.end({ exitCode: action.exitCode });
        break;
      case 'out-of-memory':
        for (const process of this.#living())
          if (process.id.service === action.service) process.outOfMemory();
        break;
      case 'advance':
        await this.advance(action.ms);
        break;
      case 'jump-wall':
        this.#clock.jumpWall(action.ms);
        break;
    }
    await this.#drain();
  }

  #tell(verb: 'start' | 'stop' | 'restart' | 'reload', services: readonly string[]): void {
    const there = services.filter((name) => this.#isThere(name));
    if (there.length === 0) return;
    const everyone = new Set(there);
    // A start takes along what it needs.
    if (verb === 'start')
      for (const name of everyone)
        for (const { service } of this.#declared(name)?.dependsOn ?? []) everyone.add(service);
    if (verb === 'stop') this.#ledger.stopped(there);
    else if (verb !== 'reload') this.#ledger.wanted([...everyone]);
    this.#command(this.#supervisor[verb](there));
  }

  async #apply({ version, changed, without }: Action & { do: 'apply' }): Promise<void> {
    const before = new Map(this.#manifest.services.map((service) => [service.name, service]));
    const services = this.#trace.services
      .filter(({ name }) => !without.includes(name))
      .map((service) => {
        const dependsOn = service.dependsOn.filter((each) => !without.includes(each.service));
        const known = before.get(service.name);
        const next = declarationOf({ ...service, dependsOn }, version);
        if (!known || changed.includes(service.name)) return next;
        return { ...known, dependsOn };
      });
    for (const name of before.keys()) if (without.includes(name)) this.#ledger.removed(name);
    this.#manifest = manifestOf(services);
    const untouched = this.#ledger.isQuiet
      ? this.#living().filter(
          ({ id, isTold }) =>
            !isTold &&
            services.some((service) => service.name === id.service && service === before.get(id.service)),
        )
      : [];
    this.#command(this.#supervisor.apply(this.#manifest));
    await this.#drain();
    for (const process of untouched)
      if (process.isTold) broken('what has not changed is not touched', `${process.name} was asked to end`);
  }

  #command(promise: Promise<unknown>): void {
    this.#ledger.commandBegun();
    promise
      .catch((error: unknown) => {
        if (!isAppError(error) || !error.code.startsWith('SUPERVISOR_')) this.#failures.push(error);
      })
      .finally(() => this.#ledger.commandOver())
      .catch(nothingToDo);
  }

  #isThere = (name: string): boolean => this.#declared(name) !== undefined;

  #declared(name: string): ServiceDeclaration | undefined {
    return this.#supervisor.manifest().services.find((service) => service.name === name);
  }

  #living(): readonly SimulatedProcess[] {
    return this.#processes.filter((process) => !process.isOver);
  }

  /** One turn of the event loop: all that has been resolved is heard. */
  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  #check(): void {
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
    this.#ledger.check(this.#living());
  }

  #heard(event: SupervisorEvent): void {
    if (event.type !== 'changed') this.events.push(event);
    this.#guard(() => this.#ledger.heard(event, this.#processes));
  }

  /** What is broken within the supervisor's own calls must not be caught by it. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#failures.push(error);
    }
  }

  readonly #runner: Runner = {
    kind: 'process',
    capabilities: {
      unheldLimits: {},
      unavailableStops: {},
      capturesOutput: true,
      passesSockets: true,
      changesUser: false,
      survivesAgent: false,
    },
    start: (spec, events) => this.#spawn(spec, events),
    adopt: async () => [],
    leftovers: async () => [],
    forget: async () => undefined,
    close: async () => undefined,
  };

  #spawn(spec: RunSpec, events: RunEvents): Run {
    const violence = this.#trace.services.find(({ name }) => name === spec.id.service)?.violence ?? 0;
    const behaviour = behaviourOf(this.#trace.seed, spec, violence);
    const pid = 1000 + this.#processes.length;
    const process = new SimulatedProcess({ spec, pid, behaviour }, events, this.#clock);
    this.#guard(() => this.#ledger.spawned(process, this.#processes));
    this.#processes.push(process);
    return process;
  }

  readonly #prober: Prober = {
    probe: (_target, { run, declaration }, timeoutMs) => {
      const process = this.#processes.find(({ pid }) => pid === run.pid);
      const isWell = process?.isUp === true && !this.#random.chance(process.behaviour.flaps);
      if (isWell) return Promise.resolve({ ok: true, detail: 'connected', tookMs: 1 });
      const failed: ProbeResult = { ok: false, detail: 'no answer', tookMs: timeoutMs };
      if (declaration.name.length % 2 === 0) return Promise.resolve(failed);
      this.#hangingProbes += 1;
      return new Promise((resolve) => {
        this.#clock.setTimer(timeoutMs, () => {
          this.#hangingProbes -= 1;
          resolve(failed);
        });
      });
    },
  };
}

function manifestOf(services: readonly ServiceDeclaration[]): Manifest {
  return {
    services,
    alerts: { targets: [], on: [], repeatMs: 0, perMinute: 0 },
    metrics: { listen: undefined },
    logs: { directory: undefined, totalBytes: 0 },
  };
}

function declarationOf(service: SimulatedService, version: number): ServiceDeclaration {
  const rules = (failures: number): ProbeRules => ({
    target: { type: 'tcp', host: '127.0.0.1', port: 1 },
    intervalMs: 1_000,
    timeoutMs: 500,
    failures,
    successes: 1,
    delayMs: 0,
  });
  const { startup, readiness, liveness } = service.probes;
  return {
    name: service.name,
    program: service.reports
      ? { type: 'service', command: service.name, args: [], source: service.name }
      : { type: 'exec', command: service.name, args: [] },
    cwd: '/',
    env: { VERSION: String(version) },
    user: undefined,
    runner: 'process',
    instances: service.instances,
    listen: [],
    health: {
      startup: startup ? rules(30) : undefined,
      readiness: readiness ? rules(3) : undefined,
      liveness: liveness ? rules(3) : undefined,
    },
    restart: {
      ...defaultRestartRules,
      policy: service.policy,
      neverOn: [6],
      schedule: service.hasSchedule ? '0 3 * * *' : undefined,
    },
    stop: {
      by: { type: 'signal', signal: 'SIGTERM' },
      graceMs,
      reloadSignal: undefined,
      reloadOrder: service.startsFirst ? 'start-first' : 'stop-first',
    },
    limits: {
      memorySoftBytes: 1_000_000,
      memoryHardBytes: undefined,
      reclaimMs: 60_000,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      openFilesAlertShare: 0.9,
      priority: undefined,
    },
    logs: { rotateBytes: 1, rotateAgeMs: undefined, keep: 1, compress: true },
    dependsOn: service.dependsOn,
    autoStart: true,
  };
}
