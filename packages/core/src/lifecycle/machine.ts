import { ExitCode } from '../exit-codes.ts';
import { acceptsNothing, answerControl, type AcceptedControls, type Control } from './controls.ts';
import { crashed, dispose, end, force } from './ending.ts';
import {
  abort,
  clear,
  endingWith,
  forcedExit,
  invoke,
  log,
  pending,
  report,
  settled,
  sideTimer,
  step,
  stoppedExit,
  timer,
  unchanged,
} from './steps.ts';
import type {
  LifecycleEffect,
  LifecycleEvent,
  LifecycleLimits,
  LifecycleModel,
  Operation,
  Step,
} from './types.ts';
import { defaultLifecycleLimits } from './types.ts';

/*
 * INVARIANTS
 * - At most one handler of the service is in flight; what else was accepted waits for its turn: first a stop, then
 *   the operation of the pending state, then deliveries in their order, then a reload. Only `dispose` does not wait,
 *   after a crash or a deadline; and a side handler that overran its deadline no longer counts.
 * - `stop` is invoked at most once, only after a start that succeeded, and never after a crash.
 * - `dispose` is invoked exactly once in a life that has begun, and `exit` is the last effect of it.
 * - A pending state has a timer, and so has a side handler in flight. No timer is left when the service has stopped.
 * - Once an ending other than `stopped` is decided, it stays: a later success does not turn a failure into exit 0.
 */

/** Custom, session and power controls that may wait; more are dropped with a warning. */
export const maxQueuedDeliveries = 256;

/** The lifecycle before anything has happened. */
export function initialLifecycle(limits: Partial<LifecycleLimits> = {}): LifecycleModel {
  return {
    state: 'stopped',
    accepts: acceptsNothing,
    checkpoint: 0,
    waitHintMs: 0,
    reloading: false,
    text: '',
    limits: { ...defaultLifecycleLimits, ...limits },
    operation: undefined,
    inFlight: undefined,
    runs: 0,
    reloadQueued: false,
    deliveries: [],
    stopReason: undefined,
    ending: undefined,
  };
}

/** One step of the lifecycle: what becomes of the model, and what the host has to do about it. Pure. */
export function stepLifecycle(model: LifecycleModel, event: LifecycleEvent): Step {
  if (model.exit) return late(model, event);
  switch (event.type) {
    case 'start':
      return model.state === 'stopped' ? begin(model) : unchanged(model);
    case 'control':
      return control(model, event.control, event.id);
    case 'started':
      return model.inFlight?.run === event.run ? started(model, event.accepts) : unchanged(model);
    case 'succeeded':
      return model.inFlight?.run === event.run ? succeeded(model) : unchanged(model);
    case 'failed':
      return model.inFlight?.run === event.run ? failed(model, event) : unchanged(model);
    case 'checkpoint':
      return checkpoint(model, event.hintMs);
    case 'text':
      return report({ ...model, text: event.text });
    case 'timeout':
      return event.timer === 'side' ? sideTimedOut(model) : timedOut(model);
    case 'crashed':
      return crashed(model, event.message);
  }
}

function begin(model: LifecycleModel): Step {
  const { startTimeoutMs } = model.limits;
  const next = pending(model, 'start-pending', 'start', startTimeoutMs);
  return invoke(next, 'start', [timer(startTimeoutMs)]);
}

function started(model: LifecycleModel, accepts: AcceptedControls): Step {
  const next = { ...model, accepts, inFlight: undefined };
  if (model.state === 'stop-pending') return invokeStop(next);
  return proceed(settled(next, 'running'), [clear('operation'), log('info', 'Service is up')]);
}

function control(model: LifecycleModel, wanted: Control, id: number | undefined): Step {
  const answer = answerControl(model.state, model.accepts, wanted);
  const done = answer === 'accepted' ? accept(model, wanted) : unchanged(model);
  return id === undefined
    ? done
    : { model: done.model, effects: [{ type: 'answer', id, answer }, ...done.effects] };
}

function accept(model: LifecycleModel, wanted: Control): Step {
  switch (wanted.type) {
    case 'interrogate':
      return report(model);
    case 'stop':
      return stop(model, wanted);
    case 'pause':
      return model.state === 'running' ? change(model, 'pause-pending', 'pause') : unchanged(model);
    case 'continue':
      return model.state === 'paused' ? change(model, 'continue-pending', 'continue') : unchanged(model);
    case 'reload':
      // One reload runs and one waits: the waiting one will read what is newest.
      return model.inFlight
        ? unchanged({ ...model, reloadQueued: true })
        : proceed({ ...model, reloadQueued: true });
    default:
      if (model.deliveries.length >= maxQueuedDeliveries) {
        return { model, effects: [log('warn', 'A control was dropped: too many wait for their turn')] };
      }
      return queueDelivery({ ...model, deliveries: [...model.deliveries, wanted] });
  }
}

function queueDelivery(model: LifecycleModel): Step {
  return model.inFlight ? unchanged(model) : proceed(model);
}

/** A pause or a continue: at once, or when the side handler in flight has ended. */
function change(
  model: LifecycleModel,
  state: 'pause-pending' | 'continue-pending',
  operation: 'pause' | 'continue',
): Step {
  const { pauseTimeoutMs } = model.limits;
  const next = pending(model, state, operation, pauseTimeoutMs);
  return model.inFlight
    ? step(next, [timer(pauseTimeoutMs)])
    : invoke(next, operation, [timer(pauseTimeoutMs)]);
}

function stop(model: LifecycleModel, wanted: Control & { type: 'stop' }): Step {
  if (wanted.force && model.state === 'stop-pending') return force(model, 'A second request forced the stop');
  // A second stop joins the first.
  if (model.state === 'stop-pending') return unchanged(model);
  if (model.state === 'stopped') return end({ ...model, stopReason: wanted.reason });
  const stopping: LifecycleModel = {
    ...model,
    stopReason: wanted.reason,
    reloadQueued: false,
    deliveries: [],
  };
  const effects = [abort(wanted.reason), log('info', 'Service is stopping')];
  // Never two handlers at once: the one in flight has until the deadline to see the signal and return.
  if (!model.inFlight) return invokeStop(stopping, effects);
  const { stopTimeoutMs } = model.limits;
  return step(pending(stopping, 'stop-pending', undefined, stopTimeoutMs), [
    ...effects,
    timer(stopTimeoutMs),
  ]);
}

function invokeStop(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const { stopTimeoutMs } = model.limits;
  const next = pending({ ...model, ending: stoppedExit(model) }, 'stop-pending', 'stop', stopTimeoutMs);
  return invoke(next, 'stop', [...first, timer(stopTimeoutMs)]);
}

/** Nothing is in flight: whatever waits has its turn. */
function proceed(model: LifecycleModel, effects: readonly LifecycleEffect[] = []): Step {
  if (model.state === 'stop-pending') return invokeStop(model, effects);
  if (model.operation) return invoke(model, model.operation, effects);
  const [control, ...deliveries] = model.deliveries;
  if (control) {
    const run = model.runs + 1;
    const next: LifecycleModel = { ...model, deliveries, runs: run, inFlight: { handler: 'deliver', run } };
    return step(next, [
      ...effects,
      sideTimer(model.limits.reloadTimeoutMs),
      { type: 'deliver', control, run },
    ]);
  }
  if (model.reloadQueued) {
    return invoke({ ...model, reloadQueued: false, reloading: true }, 'reload', [
      ...effects,
      sideTimer(model.limits.reloadTimeoutMs),
    ]);
  }
  return step(model, effects);
}

function succeeded(model: LifecycleModel): Step {
  switch (model.inFlight?.handler) {
    case 'dispose':
      return end(model);
    case 'stop':
      return dispose(model);
    case 'pause':
      return changed(model, 'paused', log('info', 'Service is paused'));
    case 'continue':
      return changed(model, 'running', log('info', 'Service goes on'));
    case 'reload':
      return sideEnded(model, [log('info', 'Reload is done')]);
    case 'deliver':
      return sideEnded(model, []);
    default:
      // A start ends with `started`.
      return unchanged(model);
  }
}

type Failure = Omit<LifecycleEvent & { type: 'failed' }, 'type' | 'run'>;

function failed(model: LifecycleModel, failure: Failure): Step {
  const { message, overran = false } = failure;
  switch (model.inFlight?.handler) {
    case 'start':
      return startFailed(model, failure);
    case 'stop':
      return dispose(
        endingWith(model, {
          code: ExitCode.failed,
          reason: 'stop-failed',
          message: `Stop failed: ${message}`,
        }),
        [log('error', 'Stop failed', message)],
      );
    case 'dispose': {
      const text = `Clean-up failed: ${message}`;
      const ending = overran
        ? forcedExit(text)
        : ({ code: ExitCode.failed, reason: 'stop-failed', message: text } as const);
      return end(endingWith(model, ending), [log('error', 'Clean-up failed', message)]);
    }
    case 'pause':
      return changed(model, 'running', log('error', 'Pause failed', message));
    case 'continue':
      return changed(model, 'paused', log('error', 'Continue failed', message));
    case 'reload':
      return sideEnded(model, [log('error', 'Reload failed', message)]);
    case 'deliver':
      return sideEnded(model, [log('error', 'Control handler failed', message)]);
    default:
      return unchanged(model);
  }
}

function startFailed(model: LifecycleModel, { message, exitCode }: Failure): Step {
  // A start that gives up because it was asked to stop has done what it was asked.
  if (model.stopReason) {
    return dispose({ ...model, ending: stoppedExit(model) }, [log('info', 'Start was given up', message)]);
  }
  const text = `Start failed: ${message}`;
  const code = exitCode ?? ExitCode.failed;
  return dispose(endingWith(model, { code, reason: 'start-failed', message: text }), [
    abort('start-failed'),
    log('error', 'Start failed', message),
  ]);
}

/** A pause or continue has ended; with a stop that waited for it, the stop is next. */
function changed(model: LifecycleModel, state: 'running' | 'paused', entry: LifecycleEffect): Step {
  const next = { ...model, inFlight: undefined };
  if (model.state === 'stop-pending') return invokeStop(next, [entry]);
  return proceed(settled(next, state), [clear('operation'), entry]);
}

function sideEnded(model: LifecycleModel, effects: readonly LifecycleEffect[]): Step {
  return proceed({ ...model, inFlight: undefined, reloading: false }, [clear('side'), ...effects]);
}

function checkpoint(model: LifecycleModel, hintMs: number): Step {
  const handler = model.inFlight?.handler;
  if (!handler || handler === 'dispose') return unchanged(model);
  const isSide = handler === 'reload' || handler === 'deliver';
  const effects: LifecycleEffect[] = [];
  if (isSide) effects.push({ type: 'extend-timer', timer: 'side', ms: hintMs });
  // What waits for the side handler waits as long.
  if (isSide && model.waitHintMs === 0) return { model, effects };
  effects.push({ type: 'extend-timer', timer: 'operation', ms: hintMs });
  return step({ ...model, checkpoint: model.checkpoint + 1, waitHintMs: hintMs }, effects);
}

function sideTimedOut(model: LifecycleModel): Step {
  const handler = model.inFlight?.handler;
  if (handler !== 'reload' && handler !== 'deliver') return unchanged(model);
  return failed(model, { message: 'it did not end in time', overran: true });
}

const overdue: Readonly<Record<Operation, string>> = {
  start: 'The start did not end in time',
  pause: 'The pause did not end in time',
  continue: 'The continue did not end in time',
  stop: 'The stop did not end in time',
  dispose: 'The clean-up did not end in time',
};

function timedOut(model: LifecycleModel): Step {
  if (model.state === 'stop-pending') return force(model, overdue[model.operation ?? 'stop']);
  if (!model.operation) return unchanged(model);
  const message = overdue[model.operation];
  return dispose(endingWith(model, forcedExit(message)), [
    abort(model.operation === 'start' ? 'start-failed' : 'timeout'),
    log('error', message),
  ]);
}

/** After the end nothing changes any more, but a control still gets its answer. */
function late(model: LifecycleModel, event: LifecycleEvent): Step {
  if (event.type !== 'control' || event.id === undefined) return unchanged(model);
  const answer = answerControl(model.state, model.accepts, event.control);
  return { model, effects: [{ type: 'answer', id: event.id, answer }] };
}
