import { VirtualClock, type ControlAnswer, type Logger } from '@mainstay/core';

import type {
  LogStore,
  Manifest,
  Prober,
  ProbeResult,
  RememberedState,
  Run,
  RunEnd,
  RunEvents,
  Runner,
  RunSpec,
  ServiceDeclaration,
  SupervisorEvent,
  Usage,
} from '../../src/index.ts';
import { defaultRestartRules, Supervisor } from '../../src/index.ts';

/** A process that a test ends by hand. */
export class ScriptedRun implements Run {
  readonly spec: RunSpec;
  readonly events: RunEvents;
  readonly pid: number;
  readonly startedAt: number;
  readonly ended: Promise<RunEnd>;
  readonly #end: (end: RunEnd) => void;
  isOver = false;
  asked = 0;
  killed = 0;
  readonly signals: string[] = [];
  readonly controls: string[] = [];
  readonly reclaims: string[] = [];
  measured: Usage | undefined = { cpuMs: 0, memoryBytes: 1, processes: 1, openFiles: 3 };
  /** Ends at once when it is asked to. */
  obeys = true;

  constructor(
    spec: RunSpec,
    events: RunEvents,
    options: { readonly pid: number; readonly startedAt: number },
  ) {
    this.spec = spec;
    this.events = events;
    this.pid = options.pid;
    this.startedAt = options.startedAt;
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  get id(): RunSpec['id'] {
    return this.spec.id;
  }

  /** It ends: with an exit code, or as told. */
  end(how: number | Partial<RunEnd> = 0): void {
    if (this.isOver) return;
    this.isOver = true;
    const end = typeof how === 'number' ? { exitCode: how } : how;
    this.#end({ exitCode: undefined, signal: undefined, error: undefined, outOfMemory: false, ...end });
  }

  async askToStop(): Promise<void> {
    this.asked += 1;
    if (this.obeys) this.end({ signal: 'SIGTERM' });
  }

  kill(): void {
    this.killed += 1;
    this.end({ signal: 'SIGKILL' });
  }

  signal(name: string): void {
    this.signals.push(name);
  }

  async control(control: { readonly type: string }): Promise<ControlAnswer> {
    this.controls.push(control.type);
    return 'accepted';
  }

  async probe(): Promise<undefined> {
    return undefined;
  }

  async reclaim({ reason }: { readonly reason: string }): Promise<boolean> {
    this.reclaims.push(reason);
    return true;
  }

  async usage(): Promise<Usage | undefined> {
    return this.measured;
  }

  setLimits(limits: ServiceDeclaration['limits']): void {
    this.limits = limits;
  }

  limits: ServiceDeclaration['limits'] | undefined;
}

/** Starts scripted processes and remembers them. */
export class ScriptedRunner implements Runner {
  readonly kind: Runner['kind'];
  readonly capabilities = {
    unheldLimits: {},
    unavailableStops: {},
    capturesOutput: true,
    passesSockets: true,
    changesUser: false,
    survivesAgent: false,
  };
  readonly runs: ScriptedRun[] = [];
  readonly forgotten: string[] = [];
  readonly #clock: VirtualClock;
  /** What becomes of a new process before anybody knows of it. */
  onStart: (run: ScriptedRun) => void = () => undefined;
  adopted: (
    specOf: Parameters<Runner['adopt']>[0],
    eventsOf: Parameters<Runner['adopt']>[1],
  ) => readonly Run[] = () => [];

  constructor(clock: VirtualClock, kind: Runner['kind'] = 'process') {
    this.#clock = clock;
    this.kind = kind;
    this.capabilities.survivesAgent = kind === 'native';
  }

  start(spec: RunSpec, events: RunEvents): Run {
    const run = new ScriptedRun(spec, events, { pid: 100 + this.runs.length, startedAt: this.#clock.now() });
    this.runs.push(run);
    this.onStart(run);
    return run;
  }

  async adopt(
    specOf: Parameters<Runner['adopt']>[0],
    eventsOf: Parameters<Runner['adopt']>[1],
  ): Promise<readonly Run[]> {
    return this.adopted(specOf, eventsOf);
  }

  async leftovers(): Promise<readonly []> {
    return [];
  }

  async forget(service: string): Promise<void> {
    this.forgotten.push(service);
  }

  async close(): Promise<void> {}

  /** Those that live, of a service or of all, in the order of their starts. */
  living(service?: string): readonly ScriptedRun[] {
    return this.runs.filter((run) => !run.isOver && (service === undefined || run.id.service === service));
  }

  /** The latest process of an instance: `orders/0`. */
  latest(name: string): ScriptedRun {
    const found = this.runs.findLast(({ id }) => `${id.service}/${id.instance}` === name);
    if (!found) throw new Error(`${name} was never started`);
    return found;
  }
}

export const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  child: () => silent,
};

/** Logs that nothing is written to; a test says what the last lines were. */
export function scriptedLogs(lastLines: readonly string[] = []): LogStore {
  return {
    openRun: () => ({ write: () => true, onDrain: undefined, end: async () => undefined }),
    read: async function* () {},
    lastLines: () => lastLines,
    watch: () => () => undefined,
    statistics: () => ({
      services: {},
      bytesOnDisk: 0,
      filesDropped: 0,
      bytesPending: 0,
      failing: undefined,
    }),
    close: async () => undefined,
  };
}

/** A declaration with every default. */
export function declare(name: string, change: Partial<ServiceDeclaration> = {}): ServiceDeclaration {
  return {
    name,
    program: { type: 'exec', command: name, args: [] },
    cwd: '/',
    env: {},
    user: undefined,
    runner: 'process',
    instances: 1,
    listen: [],
    health: { startup: undefined, readiness: undefined, liveness: undefined },
    restart: defaultRestartRules,
    stop: { by: { type: 'signal', signal: 'SIGTERM' }, graceMs: 15_000, reloadSignal: undefined },
    limits: {
      memorySoftBytes: undefined,
      memoryHardBytes: undefined,
      reclaimMs: 60_000,
      cpuPercent: undefined,
      processes: undefined,
      openFiles: undefined,
      openFilesAlertShare: 0.9,
      priority: undefined,
    },
    logs: { rotateBytes: 1, rotateAgeMs: undefined, keep: 1, compress: true },
    dependsOn: [],
    autoStart: true,
    ...change,
  };
}

export function manifestOf(...services: readonly ServiceDeclaration[]): Manifest {
  return {
    services,
    alerts: { targets: [], on: [], repeatMs: 0, perMinute: 0 },
    metrics: { listen: undefined },
    logs: { directory: undefined, totalBytes: 0 },
  };
}

/** A probe over TCP, whose result the test says by its port. */
export function probeOf(
  port: number,
  change: Partial<NonNullable<ServiceDeclaration['health']['liveness']>> = {},
) {
  return {
    target: { type: 'tcp', host: '127.0.0.1', port } as const,
    intervalMs: 1000,
    timeoutMs: 500,
    failures: 3,
    successes: 1,
    delayMs: 0,
    ...change,
  };
}

/** A supervisor in virtual time. */
export class World {
  readonly clock = new VirtualClock();
  readonly runner = new ScriptedRunner(this.clock);
  /** Of declarations with `runner: native`. */
  readonly native = new ScriptedRunner(this.clock, 'native');
  readonly events: SupervisorEvent[] = [];
  /** By port: what a probe says. */
  readonly ports = new Map<number, ProbeResult>();
  readonly written: RememberedState[] = [];
  lastLines: readonly string[] = [];
  readonly supervisor: Supervisor;

  constructor(remembered?: RememberedState) {
    const prober: Prober = {
      probe: async (target) =>
        (target.type === 'tcp' ? this.ports.get(target.port) : undefined) ?? {
          ok: false,
          detail: 'connection refused',
          tookMs: 1,
        },
    };
    this.supervisor = new Supervisor({
      clock: this.clock,
      random: () => 1,
      runnerOf: ({ runner }) => (runner === 'native' ? this.native : this.runner),
      prober,
      logs: { ...scriptedLogs(), lastLines: () => this.lastLines },
      log: silent,
      environment: { MAINSTAY_AGENT_ID: 'test' },
      memory: { read: () => remembered, write: (state) => this.written.push(state) },
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Lets everything that is due now happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    await this.settle();
    this.clock.advance(ms);
    await this.settle();
  }

  /** Waits for a command, and lets time pass meanwhile. */
  async during<Result>(command: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = command.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    for (let turn = 0; turn < 1000; turn += 1) {
      await this.settle();
      if (isOver) break;
      this.clock.advance(10);
    }
    return over;
  }

  probeSays(port: number, ok: boolean, detail = ok ? 'connected' : 'connection refused'): void {
    this.ports.set(port, { ok, detail, tookMs: 1 });
  }

  /** `orders/0 running`, … */
  phases(): readonly string[] {
    return this.supervisor
      .views()
      .flatMap(({ name, instances }) =>
        instances.map(({ instance, phase }) => `${name}/${instance} ${phase}`),
      );
  }

  phase(name: string): string | undefined {
    return this.phases()
      .find((phase) => phase.startsWith(`${name} `))
      ?.split(' ')[1];
  }

  why(name: string): string {
    return this.supervisor
      .why(name)
      .map(({ sentence }) => sentence)
      .join('\n');
  }
}
