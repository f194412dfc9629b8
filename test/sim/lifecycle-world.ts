import {
  answerControl,
  initialLifecycle,
  isPending,
  stepLifecycle,
  VirtualClock,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleModel,
  type Step,
  type Timer,
  type TimerName,
} from '@mainstay/core';
import type { Action, Trace } from './lifecycle-trace.ts';
import { checkEffects, checkModel, checkTransition, Ledger } from './lifecycle-invariants.ts';

export type StepFunction = (model: LifecycleModel, event: LifecycleEvent) => Step;

interface Handler {
  readonly name: string;
  readonly run: number;
}

/** A life under virtual time: carries out effects, remembers what was called, and checks everything after each step. */
export class LifecycleWorld {
  readonly #step: StepFunction;
  readonly #trace: Trace;
  readonly #clock = new VirtualClock();
  readonly #timers = new Map<TimerName, { due: number; timer: Timer }>();
  readonly #ledger = new Ledger();
  /** Handlers that were called and have not ended, in the order of the calls. */
  readonly #running: Handler[] = [];
  #model: LifecycleModel;
  #nextId = 1;

  constructor(trace: Trace, step: StepFunction = stepLifecycle) {
    this.#trace = trace;
    this.#step = step;
    this.#model = initialLifecycle();
  }

  /** Lives the whole trace, then is told to stop, and must end. Throws with what is broken. */
  live(): void {
    this.#event({ type: 'start' });
    for (const action of this.#trace.actions) this.#act(action);
    this.#mustEnd();
  }

  /** Liveness: with every handler hanging, a stop leads to the end within the deadlines that can still run. */
  #mustEnd(): void {
    const { startTimeoutMs, stopTimeoutMs, pauseTimeoutMs, reloadTimeoutMs, disposeTimeoutMs } =
      this.#model.limits;
    this.#act({ do: 'control', control: { type: 'stop', reason: 'stop' } });
    const begun = this.#clock.monotonic();
    const left = Math.max(0, ...[...this.#timers.values()].map(({ due }) => due - begun));
    const bound =
      left + startTimeoutMs + 2 * stopTimeoutMs + pauseTimeoutMs + reloadTimeoutMs + disposeTimeoutMs;
    while (!this.#model.exit) {
      const next = this.#clock.untilNext;
      if (next === undefined) throw new Error(`Hangs in ${this.#model.state} without a timer`);
      this.#clock.advance(next);
      if (this.#clock.monotonic() - begun > bound) throw new Error(`Has not ended ${bound} ms after a stop`);
    }
    if (this.#clock.pendingTimers > 0) throw new Error('A timer is left after the end');
    this.#ledger.checkEnd();
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'control': {
        const id = this.#nextId++;
        const expected = answerControl(this.#model.state, this.#model.accepts, action.control);
        const effects = this.#event({ type: 'control', control: action.control, id });
        const answers = effects.filter((effect) => effect.type === 'answer');
        if (answers.length !== 1 || answers[0]?.id !== id || answers[0].answer !== expected) {
          throw new Error(`The ${action.control.type} was not answered with ${expected} once`);
        }
        break;
      }
      case 'succeed':
        this.#end(this.#running.at(-1), true);
        break;
      case 'fail':
        this.#end(this.#running.at(-1), false);
        break;
      case 'end-late':
        if (this.#running.length > 1) this.#end(this.#running[0], action.well);
        break;
      case 'checkpoint':
        this.#event({ type: 'checkpoint', hintMs: action.hintMs });
        break;
      case 'text':
        this.#event({ type: 'text', text: 'working' });
        break;
      case 'crash':
        this.#event({ type: 'crashed', message: 'boom' });
        break;
      case 'advance':
        this.#clock.advance(action.ms);
        break;
      case 'jump-wall':
        this.#clock.jumpWall(action.ms);
        break;
    }
  }

  #end(handler: Handler | undefined, well: boolean): void {
    if (!handler) return;
    this.#running.splice(this.#running.indexOf(handler), 1);
    this.#ledger.ended(handler.run);
    const { run, name } = handler;
    if (!well) this.#event({ type: 'failed', run, message: 'it broke' });
    else if (name === 'start') this.#event({ type: 'started', run, accepts: this.#trace.accepts });
    else this.#event({ type: 'succeeded', run });
  }

  #event(event: LifecycleEvent): readonly LifecycleEffect[] {
    const before = this.#model;
    const { model, effects } = this.#step(before, event);
    checkTransition(before, event, model);
    checkEffects(before, model, effects);
    this.#model = model;
    this.#ledger.record(event, before, model, effects);
    for (const effect of effects) this.#perform(effect);
    checkModel(model, new Set(this.#timers.keys()));
    if (isPending(model.state) && !this.#timers.has('operation')) {
      throw new Error(`${model.state} has no timer`);
    }
    return effects;
  }

  #perform(effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'invoke':
        this.#running.push({ name: effect.handler, run: effect.run });
        break;
      case 'deliver':
        this.#running.push({ name: 'deliver', run: effect.run });
        break;
      case 'set-timer':
        this.#set(effect.timer, this.#clock.monotonic() + effect.ms);
        break;
      case 'extend-timer': {
        const current = this.#timers.get(effect.timer);
        const due = this.#clock.monotonic() + effect.ms;
        if (current && due > current.due) this.#set(effect.timer, due);
        break;
      }
      case 'clear-timer':
        this.#timers.get(effect.timer)?.timer.clear();
        this.#timers.delete(effect.timer);
        break;
      default:
        break;
    }
  }

  #set(name: TimerName, due: number): void {
    this.#timers.get(name)?.timer.clear();
    const timer = this.#clock.setTimer(due - this.#clock.monotonic(), () => {
      this.#timers.delete(name);
      this.#event({ type: 'timeout', timer: name });
    });
    this.#timers.set(name, { due, timer });
  }
}
