import type { Clock, ControlAnswer, LifecycleStatus, Timer } from '@mainstay/core';
import type { Run, RunEnd, RunEvents, RunSpec, Usage } from '@mainstay/supervisor';

import { SeededRandom } from './random.ts';

/** How one process behaves; decided at its start by seed, service, instance and run, so that a shorter trace agrees. */
export interface Behaviour {
  readonly failsToStart: boolean;
  /** Until it says that it is up, and its probes succeed; in ms. */
  readonly upAfterMs: number;
  /** It ends by itself; undefined: it does not. */
  readonly endsAfterMs: number | undefined;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** Between the request to stop and its end; undefined: it does not hear it. */
  readonly stopsAfterMs: number | undefined;
  readonly isUnaskable: boolean;
  /** Between the kill and its end, in ms. */
  readonly diesAfterMs: number;
  /** From 0 to 1: how often a probe fails, or hangs. */
  readonly flaps: number;
}

export function behaviourOf(seed: number, { id }: RunSpec, violence: number): Behaviour {
  const text = `${seed}/${id.service}/${id.instance}/${id.run}`;
  let hash = 2166136261;
  // FNV-1a.
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  const random = new SeededRandom(hash);
  if (violence > 1)
    return {
      failsToStart: false,
      upAfterMs: 0,
      endsAfterMs: 0,
      exitCode: 1,
      outOfMemory: false,
      stopsAfterMs: 0,
      isUnaskable: false,
      diesAfterMs: 0,
      flaps: 0,
    };
  const isJob = id.service === 'migrate';
  const isBad = random.chance(violence);
  return {
    failsToStart: isBad && random.chance(0.1),
    upAfterMs: random.pick([0, 10, 500, 4_000, isBad ? 200_000 : 100]),
    endsAfterMs: isJob || (isBad && random.chance(0.6)) ? random.pick([0, 5, 300, 3_000, 30_000]) : undefined,
    exitCode: isJob && !isBad ? 0 : random.pick([0, 1, 1, 6, 70]),
    outOfMemory: isBad && random.chance(0.1),
    stopsAfterMs: isBad && random.chance(0.3) ? undefined : random.pick([0, 5, 900, 6_000]),
    isUnaskable: isBad && random.chance(0.1),
    diesAfterMs: random.pick([0, 0, 20]),
    flaps: isBad ? random.pick([0, 0.3, 1]) : 0,
  };
}

/** A process in virtual time. */
export class SimulatedProcess implements Run {
  readonly spec: RunSpec;
  readonly pid: number;
  readonly startedAt: number;
  readonly ended: Promise<RunEnd>;
  readonly behaviour: Behaviour;
  readonly begunAt: number;
  readonly #clock: Clock;
  readonly #events: RunEvents;
  readonly #timers: Timer[] = [];
  readonly #resolve: (end: RunEnd) => void;
  isOver = false;
  /** The supervisor has told of its end. */
  isHeard = false;
  /** It was asked to end, or killed. */
  isTold = false;

  constructor(
    options: { readonly spec: RunSpec; readonly pid: number; readonly behaviour: Behaviour },
    events: RunEvents,
    clock: Clock,
  ) {
    this.spec = options.spec;
    this.pid = options.pid;
    this.behaviour = options.behaviour;
    this.startedAt = clock.now();
    this.begunAt = clock.monotonic();
    this.#clock = clock;
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#live();
  }

  get id(): RunSpec['id'] {
    return this.spec.id;
  }

  get name(): string {
    return `${this.id.service}/${this.id.instance}`;
  }

  get isUp(): boolean {
    return !this.isOver && this.#clock.monotonic() - this.begunAt >= this.behaviour.upAfterMs;
  }

  end(end: Partial<RunEnd>): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const timer of this.#timers) timer.clear();
    this.#resolve({ exitCode: undefined, signal: undefined, error: undefined, outOfMemory: false, ...end });
  }

  /** The kernel kills a process of it for its memory. */
  outOfMemory(): void {
    this.#events.onOutOfMemory();
    this.end({ signal: 'SIGKILL', outOfMemory: true });
  }

  async askToStop(): Promise<void> {
    this.isTold = true;
    if (this.behaviour.isUnaskable) throw new Error('Nobody listens');
    if (this.spec.declaration.program.type === 'service') this.#status('stop-pending', 100);
    if (this.behaviour.stopsAfterMs !== undefined)
      this.#later(this.behaviour.stopsAfterMs, { signal: 'SIGTERM' });
  }

  kill(): void {
    this.isTold = true;
    this.#later(this.behaviour.diesAfterMs, { signal: 'SIGKILL' });
  }

  signal(): void {}

  async control(): Promise<ControlAnswer> {
    return 'unsupported';
  }

  async probe(): Promise<undefined> {
    return undefined;
  }

  async reclaim(): Promise<boolean> {
    return true;
  }

  async usage(): Promise<Usage | undefined> {
    return this.isOver ? undefined : { cpuMs: 0, memoryBytes: 1_000, processes: 1, openFiles: 3 };
  }

  #live(): void {
    const { failsToStart, upAfterMs, endsAfterMs, exitCode, outOfMemory } = this.behaviour;
    if (failsToStart) return this.end({ error: new Error('spawn ENOENT') });
    if (endsAfterMs !== undefined)
      this.#later(endsAfterMs, outOfMemory ? { signal: 'SIGKILL', outOfMemory } : { exitCode });
    if (this.spec.declaration.program.type !== 'service') return;
    this.#timers.push(this.#clock.setTimer(upAfterMs, () => this.#status('running', 0)));
  }

  #status(state: LifecycleStatus['state'], waitHintMs: number): void {
    const accepts = { pause: false, reload: false, custom: [], sessionChange: false, powerEvent: false };
    this.#events.onStatus({ state, accepts, checkpoint: 1, waitHintMs, reloading: false, text: '' });
  }

  #later(ms: number, end: Partial<RunEnd>): void {
    if (this.isOver) return;
    this.#timers.push(this.#clock.setTimer(ms, () => this.end(end)));
  }
}
