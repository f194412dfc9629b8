import {
  ExitCode,
  isPending,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleModel,
  type ServiceState,
  type TimerName,
} from '@mainstay/core';

/** Names of what is checked; every one is proven able to fail by a mutation of the machine. */
export type Invariant =
  | 'state moves as documented'
  | 'checkpoint grows while pending'
  | 'one handler at a time'
  | 'stop at most once, after a start, not after a crash'
  | 'dispose exactly once'
  | 'exit is last'
  | 'report first'
  | 'timers belong to what is under way'
  | 'a failure stays';

export class InvariantError extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

const broken = (invariant: Invariant, detail: string): never => {
  throw new InvariantError(invariant, detail);
};

/** The moves that SERVICE_STATUS knows (MSDN: "Service State Transitions"), and the ends by failure. */
const moves: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  stopped: ['start-pending'],
  'start-pending': ['running', 'stop-pending'],
  running: ['pause-pending', 'stop-pending'],
  'pause-pending': ['paused', 'running', 'stop-pending'],
  paused: ['continue-pending', 'stop-pending'],
  'continue-pending': ['running', 'paused', 'stop-pending'],
  'stop-pending': ['stopped'],
};

export function checkTransition(before: LifecycleModel, event: LifecycleEvent, after: LifecycleModel): void {
  if (before.exit && after !== before) broken('exit is last', `${event.type} changed what had ended`);
  if (before.state !== after.state && !moves[before.state].includes(after.state)) {
    broken('state moves as documented', `${before.state} → ${after.state} by ${event.type}`);
  }
  if (before.state === after.state && isPending(after.state) && after.checkpoint < before.checkpoint) {
    broken('checkpoint grows while pending', `${before.checkpoint} → ${after.checkpoint}`);
  }
  if (before.ending && before.ending.code !== ExitCode.ok && after.ending !== before.ending) {
    broken('a failure stays', `${before.ending.message} became ${after.ending?.message}`);
  }
}

export function checkModel(model: LifecycleModel, timers: ReadonlySet<TimerName>): void {
  const pending = isPending(model.state);
  if (pending !== model.checkpoint > 0 || pending !== model.waitHintMs > 0) {
    broken(
      'checkpoint grows while pending',
      `${model.state} has ${model.checkpoint}, ${model.waitHintMs} ms`,
    );
  }
  if (timers.has('operation') !== pending) {
    broken(
      'timers belong to what is under way',
      `${model.state}: operation timer ${timers.has('operation')}`,
    );
  }
  const { handler } = model.inFlight ?? {};
  const isSide = handler === 'reload' || handler === 'deliver';
  if (timers.has('side') !== isSide) {
    broken('timers belong to what is under way', `${handler}: side timer ${timers.has('side')}`);
  }
  if (model.reloading !== (handler === 'reload')) {
    broken('one handler at a time', `reloading is ${model.reloading} while ${handler} is in flight`);
  }
}

export function checkEffects(
  before: LifecycleModel,
  after: LifecycleModel,
  effects: readonly LifecycleEffect[],
): void {
  const called = effects.findIndex((effect) => effect.type === 'invoke' || effect.type === 'deliver');
  const reported = effects.findIndex((effect) => effect.type === 'report');
  if (called !== -1 && (reported === -1 || reported > called)) {
    broken('report first', 'a handler is called before hosts are told');
  }
  if (before.state !== after.state && reported === -1) {
    broken('report first', `${before.state} → ${after.state} was not reported`);
  }
  const exit = effects.findIndex((effect) => effect.type === 'exit');
  if (exit !== -1 && exit !== effects.length - 1) broken('exit is last', 'effects follow it');
  if ((exit !== -1) !== (after.exit !== undefined && before.exit === undefined)) {
    broken('exit is last', 'the effect and the model disagree');
  }
}

/** What has happened in a life so far, seen from outside the machine. */
export class Ledger {
  readonly #begun = new Map<number, string>();
  readonly #over = new Set<number>();
  #stops = 0;
  #disposals = 0;
  #started = false;
  #crashed = false;

  ended(run: number): void {
    this.#over.add(run);
  }

  record(
    event: LifecycleEvent,
    before: LifecycleModel,
    after: LifecycleModel,
    effects: readonly LifecycleEffect[],
  ): void {
    if (event.type === 'started' && before.inFlight?.run === event.run) this.#started = true;
    if (event.type === 'crashed' && !before.exit) this.#crashed = true;
    // A side handler whose deadline has passed does not count any more.
    if (event.type === 'timeout' && event.timer === 'side' && before.inFlight) {
      this.#over.add(before.inFlight.run);
    }
    for (const effect of effects) {
      if (effect.type === 'invoke') this.#call(effect.handler, effect.run);
      if (effect.type === 'deliver') this.#call('deliver', effect.run);
    }
    if (after.exit && after.exit.code === ExitCode.ok && this.#crashed) {
      broken('a failure stays', 'a crash became exit code 0');
    }
  }

  checkEnd(): void {
    if (this.#disposals !== 1) broken('dispose exactly once', `${this.#disposals} times`);
  }

  #call(handler: string, run: number): void {
    const others = [...this.#begun].filter(([other]) => !this.#over.has(other));
    if (handler !== 'dispose' && others.length > 0) {
      broken('one handler at a time', `${handler} is called while ${others[0]?.[1]} runs`);
    }
    if (this.#disposals > 0) broken('dispose exactly once', `${handler} is called after it`);
    this.#begun.set(run, handler);
    if (handler === 'dispose') this.#disposals += 1;
    if (handler !== 'stop') return;
    this.#stops += 1;
    if (this.#stops > 1 || !this.#started || this.#crashed) {
      broken(
        'stop at most once, after a start, not after a crash',
        `${this.#stops} stops, started ${this.#started}, crashed ${this.#crashed}`,
      );
    }
  }
}
