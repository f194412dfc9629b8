import { ExitCode } from '../exit-codes.ts';
import { acceptsNothing } from './controls.ts';
import {
  abort,
  clear,
  endingWith,
  forcedExit,
  invoke,
  log,
  pending,
  settled,
  step,
  stoppedExit,
  timer,
  unchanged,
} from './steps.ts';
import type { LifecycleEffect, LifecycleModel, Step } from './types.ts';

/** No more waiting for the service: clean up, or when that is what hangs, leave. */
export function force(model: LifecycleModel, message: string): Step {
  const forced = endingWith(model, forcedExit(message));
  if (model.operation === 'dispose') return end(forced, [log('error', message)]);
  return dispose(forced, [log('error', message)]);
}

/** An uncaught exception or unhandled rejection: no stop handler any more, only the clean-up. */
export function crashed(model: LifecycleModel, message: string): Step {
  const next = endingWith(model, {
    code: ExitCode.crashed,
    reason: 'crashed',
    message: `Uncaught: ${message}`,
  });
  if (model.state === 'stopped') return end(next);
  if (model.operation === 'dispose') return unchanged(next);
  return dispose(next, [abort('crash')]);
}

/** The way out of every life that has begun. */
export function dispose(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const { disposeTimeoutMs } = model.limits;
  const cleared: LifecycleModel = { ...model, reloading: false, reloadQueued: false, deliveries: [] };
  const next = pending(cleared, 'stop-pending', 'dispose', disposeTimeoutMs);
  return invoke(next, 'dispose', [...first, ...clearSide(model), timer(disposeTimeoutMs)]);
}

/** The last step of all. */
export function end(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const exit = model.ending ?? stoppedExit(model);
  const next: LifecycleModel = {
    ...settled(model, 'stopped'),
    accepts: acceptsNothing,
    inFlight: undefined,
    reloading: false,
    reloadQueued: false,
    deliveries: [],
    exit,
  };
  const stepped = step(next, [...first, clear('operation')]);
  return { model: next, effects: [...stepped.effects, { type: 'exit', exit }] };
}

function clearSide(model: LifecycleModel): LifecycleEffect[] {
  const handler = model.inFlight?.handler;
  return handler === 'reload' || handler === 'deliver' ? [clear('side')] : [];
}
