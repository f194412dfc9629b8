import {
  type AcceptedControls,
  acceptsNothing,
  type Control,
  isPending,
  type LifecycleStatus,
  type Logger,
  type ReclaimRequest,
} from '@mainstay/core';
import type { ChildProcess } from 'node:child_process';
import { afterCrash, type CrashHistory, type CrashLimits, defaultCrashLimits } from './crash-policy.ts';
import { instanceErrors } from './errors.ts';
import { type InstanceExit, type InstanceProbe, InstanceProcess } from './instance-process.ts';

export interface FleetOptions {
  readonly count: number;
  readonly log: Logger;
  /** Starts the process of this number. */
  readonly fork: (instance: number) => Promise<ChildProcess>;
  readonly crashLimits?: CrashLimits;
  /** Called at each change, with how many are up; `hintMs` when an instance said that it is still at it. */
  readonly onProgress: (up: number, hintMs?: number) => void;
  /** The instances cannot be kept up: the service has failed. Called once. */
  readonly onFailed: (error: Error) => void;
}

export interface InstanceReport extends Partial<InstanceProbe> {
  readonly instance: number;
  readonly pid: number | undefined;
  readonly state: string;
}

/**
 * N processes of the same program.
 *
 * INVARIANTS: each number has at most one living process; one that ends by itself is started again after a delay, until
 * the stop has begun or the crashes are too many; a process that is started while the service is paused is paused.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #processes = new Map<number, InstanceProcess>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Called at every status of any process. */
  readonly #watchers = new Set<() => void>();
  #history: CrashHistory = [];
  #started = false;
  #stopping = false;
  #paused = false;
  #failed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Resolves when all are up. Throws INSTANCE_START_FAILED when one is not. */
  async start(): Promise<void> {
    const numbers = Array.from({ length: this.#options.count }, (_, instance) => instance);
    await Promise.all(numbers.map((instance) => this.#launch(instance)));
    this.#started = true;
  }

  /** What every instance accepts; they are the same program. */
  get accepts(): AcceptedControls {
    return this.#processes.values().next().value?.status?.accepts ?? acceptsNothing;
  }

  get up(): number {
    return [...this.#processes.values()].filter((one) => isUp(one.status)).length;
  }

  /** Passes a control on to all and waits until each has done it. Throws INSTANCE_CONTROL_REFUSED. */
  async apply(control: Control): Promise<void> {
    // Before the processes are told, for one that comes up meanwhile.
    if (control.type === 'pause' || control.type === 'continue') this.#paused = control.type === 'pause';
    const refusals = await Promise.all([...this.#processes.values()].map((one) => this.#tell(one, control)));
    const refused = refusals.filter((refusal) => refusal !== undefined);
    if (refused.length === 0) return;
    throw instanceErrors.error(
      'INSTANCE_CONTROL_REFUSED',
      `Not every instance did the ${control.type}: ${refused.join('; ')}`,
    );
  }

  /** Resolves when all have ended. Throws when one ended with a failure. */
  async stop(): Promise<void> {
    const ended = await this.#end();
    const failures = ended.filter(({ exit }) => exit.code !== 0);
    if (failures.length === 0) return;
    const list = failures.map(({ instance, exit }) => `instance ${instance}: ${describeExit(exit)}`);
    throw instanceErrors.error(
      'INSTANCE_CONTROL_REFUSED',
      `Not every instance stopped well: ${list.join('; ')}`,
    );
  }

  /** The last resort, after a failed start or a crash of the primary: a kind word, then SIGKILL. */
  async dispose(graceMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const one of this.#processes.values()) one.kill();
    }, graceMs);
    await this.#end();
    clearTimeout(timer);
  }

  async probe(): Promise<readonly InstanceReport[]> {
    return Promise.all(
      Array.from({ length: this.#options.count }, async (_, instance) => {
        const one = this.#processes.get(instance);
        const answer = await one?.probe();
        return { instance, pid: one?.pid, state: one?.status?.state ?? 'stopped', ...answer };
      }),
    );
  }

  async reclaim(request: ReclaimRequest): Promise<boolean> {
    const answers = await Promise.all([...this.#processes.values()].map((one) => one.reclaim(request)));
    return answers.includes(true);
  }

  async #end(): Promise<ReadonlyArray<{ readonly instance: number; readonly exit: InstanceExit }>> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    return Promise.all(
      [...this.#processes.values()].map(async (one) => {
        void one.control({ type: 'stop', reason: 'stop' });
        return { instance: one.instance, exit: await one.exited };
      }),
    );
  }

  /** Resolves when the process is up; before the fleet is, a process that ends is a failed start. */
  async #launch(instance: number): Promise<void> {
    const { log, fork } = this.#options;
    const child = await fork(instance);
    const one: InstanceProcess = new InstanceProcess({
      instance,
      child,
      onStatus: (status) => this.#changed(status),
    });
    this.#processes.set(instance, one);
    log.debug({ instance, childPid: one.pid }, 'Instance is starting');
    void one.exited.then((exit) => this.#gone(one, exit));
    // A stop may have begun while the process was made.
    if (this.#stopping) void one.control({ type: 'stop', reason: 'stop' });
    const state = await this.#settled(one, (status) => status.state !== 'start-pending');
    if (state !== 'running' && !this.#started) {
      // Why is known when it has ended.
      const exit = await one.exited;
      const why = one.status?.exit?.message ?? describeExit(exit);
      throw instanceErrors.error('INSTANCE_START_FAILED', `Instance ${instance} did not start: ${why}`);
    }
    if (state === 'running' && this.#paused) await this.#tell(one, { type: 'pause' });
  }

  #gone(one: InstanceProcess, exit: InstanceExit): void {
    if (this.#processes.get(one.instance) === one) this.#processes.delete(one.instance);
    this.#changed();
    if (this.#stopping || this.#failed || !this.#started) return;
    const { log, crashLimits = defaultCrashLimits, onFailed } = this.#options;
    const { history, decision } = afterCrash(this.#history, performance.now(), crashLimits);
    this.#history = history;
    const facts = { childInstance: one.instance, childPid: one.pid, ...exit };
    if (decision.type === 'give-up') {
      this.#failed = true;
      log.error({ ...facts, crashes: history.length }, 'Instances crash too often');
      const often = `${history.length} crashes in ${crashLimits.withinMs / 1000} s`;
      onFailed(instanceErrors.error('INSTANCE_CRASH_LOOP', `The instances do not stay up: ${often}`));
      return;
    }
    log.error({ ...facts, restartInMs: decision.delayMs }, 'Instance has ended; starting it again');
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#launch(one.instance).catch((error: unknown) => {
        log.error({ error, childInstance: one.instance }, 'Instance could not be started again');
      });
    }, decision.delayMs);
    this.#timers.add(timer);
  }

  /** @returns why it was not done */
  async #tell(one: InstanceProcess, control: Control): Promise<string | undefined> {
    const answer = await one.control(control);
    if (answer !== 'accepted') return `instance ${one.instance}: ${answer ?? 'no answer'}`;
    const wanted = control.type === 'pause' ? 'paused' : 'running';
    if (control.type !== 'pause' && control.type !== 'continue' && control.type !== 'reload')
      return undefined;
    // The status that says "pending" has come before the answer, so what is not pending now has been done.
    const state = await this.#settled(one, (status) => !isPending(status.state) && !status.reloading);
    if (control.type === 'reload' || state === wanted || state === undefined) return undefined;
    return `instance ${one.instance}: is ${state}`;
  }

  /** The state once it fulfils the condition; undefined when the process ends before. */
  async #settled(
    one: InstanceProcess,
    condition: (status: LifecycleStatus) => boolean,
  ): Promise<LifecycleStatus['state'] | undefined> {
    const { promise, resolve } = Promise.withResolvers<LifecycleStatus['state'] | undefined>();
    const look = (): void => {
      if (one.status && condition(one.status)) resolve(one.status.state);
    };
    this.#watchers.add(look);
    void one.exited.then(() => resolve(undefined));
    look();
    const state = await promise;
    this.#watchers.delete(look);
    return state;
  }

  #changed(status?: LifecycleStatus): void {
    const isAtIt = status && isPending(status.state) && status.checkpoint > 1;
    this.#options.onProgress(this.up, isAtIt ? status.waitHintMs : undefined);
    for (const look of this.#watchers) look();
  }
}

const isUp = (status: LifecycleStatus | undefined): boolean =>
  status !== undefined &&
  status.state !== 'start-pending' &&
  status.state !== 'stop-pending' &&
  status.state !== 'stopped';

const describeExit = ({ code, signal }: InstanceExit): string =>
  signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
