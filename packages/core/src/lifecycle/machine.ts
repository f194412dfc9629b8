import { ExitCode } from '../exit-codes.ts';
import { acceptsNothing, answerControl, type AcceptedControls, type Control } from './controls.ts';
import type {
  Exit,
  LifecycleEffect,
  LifecycleEvent,
  LifecycleLimits,
  LifecycleModel,
  LifecycleStatus,
  Operation,
  Step,
} from './types.ts';
import { defaultLifecycleLimits } from './types.ts';

/*
 * INVARIANTS
 * - At most one of start, pause, continue, stop, dispose runs at a time; a reload runs beside none but waits for none.
 * - `stop` is invoked at most once, only after a start that succeeded, and never after a crash.
 * - `dispose` is invoked exactly once in a life that has begun, and `exit` is the last effect of it.
 * - A pending state has a timer. No timer is left when the service has stopped.
 * - Once an ending other than `stopped` is decided, it stays: a later success does not turn a failure into exit 0.
 */

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
    reloadQueued: false,
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
      return model.operation === 'start' ? started(model, event.accepts) : unchanged(model);
    case 'succeeded':
      return event.operation === 'reload' ? reloaded(model) : succeeded(model, event.operation);
    case 'failed':
      return event.operation === 'reload'
        ? reloaded(model, event.message)
        : failed(model, event.operation, event.message);
    case 'checkpoint':
      return checkpoint(model, event.hintMs);
    case 'text':
      return report({ ...model, text: event.text });
    case 'timeout':
      return event.timer === 'reload' ? reloaded(model, 'it did not end in time') : timedOut(model);
    case 'crashed':
      return crashed(model, event.message);
  }
}

/** The part of the model that hosts are told. */
export function statusOf(model: LifecycleModel): LifecycleStatus {
  const { state, accepts, checkpoint, waitHintMs, reloading, text, exit } = model;
  return { state, accepts, checkpoint, waitHintMs, reloading, text, ...(exit && { exit }) };
}

function begin(model: LifecycleModel): Step {
  const next = pending(model, 'start-pending', 'start', model.limits.startTimeoutMs);
  return step(next, [invoke('start'), timer(model.limits.startTimeoutMs)]);
}

function started(model: LifecycleModel, accepts: AcceptedControls): Step {
  const next = { ...model, accepts };
  if (model.state === 'stop-pending') return invokeStop(next);
  return step(settled(next, 'running'), [clear('operation'), log('info', 'Service is up')]);
}

function control(model: LifecycleModel, wanted: Control, id: number | undefined): Step {
  const answer = answerControl(model.state, model.accepts, wanted);
  const done = answer === 'accepted' ? accept(model, wanted) : unchanged(model);
  return id === undefined
    ? done
    : { model: done.model, effects: [{ type: 'answer', id, answer }, ...done.effects] };
}

function accept(model: LifecycleModel, wanted: Control): Step {
  const { pauseTimeoutMs } = model.limits;
  switch (wanted.type) {
    case 'interrogate':
      return report(model);
    case 'stop':
      return stop(model, wanted);
    case 'pause':
      if (model.state !== 'running') return unchanged(model);
      return step(pending(model, 'pause-pending', 'pause', pauseTimeoutMs), [
        invoke('pause'),
        timer(pauseTimeoutMs),
      ]);
    case 'continue':
      if (model.state !== 'paused') return unchanged(model);
      return step(pending(model, 'continue-pending', 'continue', pauseTimeoutMs), [
        invoke('continue'),
        timer(pauseTimeoutMs),
      ]);
    case 'reload':
      return reload(model);
    default:
      return { model, effects: [{ type: 'deliver', control: wanted }] };
  }
}

function stop(model: LifecycleModel, wanted: Control & { type: 'stop' }): Step {
  if (wanted.force && model.state === 'stop-pending') {
    return force(model, 'A second request forced the stop');
  }
  // A second stop joins the first.
  if (model.state === 'stop-pending') return unchanged(model);
  if (model.state === 'stopped') return end({ ...model, ending: stoppedExit(model) });
  const stopping: LifecycleModel = { ...model, stopReason: wanted.reason };
  const effects: LifecycleEffect[] = [
    { type: 'abort', reason: wanted.reason },
    log('info', 'Service is stopping'),
  ];
  // Never two handlers at once: the one in flight has until the deadline to see the signal and return.
  if (model.operation || model.reloading) {
    const next = pending(stopping, 'stop-pending', model.operation, model.limits.stopTimeoutMs);
    return step(next, [...effects, timer(model.limits.stopTimeoutMs)]);
  }
  return invokeStop(stopping, effects);
}

function invokeStop(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const { stopTimeoutMs } = model.limits;
  const next = pending({ ...model, ending: stoppedExit(model) }, 'stop-pending', 'stop', stopTimeoutMs);
  return step(next, [...first, invoke('stop'), timer(stopTimeoutMs)]);
}

function reload(model: LifecycleModel): Step {
  // One reload runs and one waits: the waiting one will read what is newest.
  if (model.reloading) return unchanged({ ...model, reloadQueued: true });
  return step({ ...model, reloading: true, reloadQueued: false }, [
    invoke('reload'),
    { type: 'set-timer', timer: 'reload', ms: model.limits.reloadTimeoutMs },
  ]);
}

function reloaded(model: LifecycleModel, failure?: string): Step {
  if (!model.reloading) return unchanged(model);
  const next = { ...model, reloading: false };
  const effects: LifecycleEffect[] = [
    clear('reload'),
    failure === undefined ? log('info', 'Reload is done') : log('error', 'Reload failed', failure),
  ];
  if (model.state === 'stop-pending' && !model.operation) return invokeStop(next, effects);
  if (model.reloadQueued && (model.state === 'running' || model.state === 'paused')) {
    const again = reload(next);
    return { model: again.model, effects: [...effects, ...again.effects] };
  }
  return step(next, effects);
}

function succeeded(model: LifecycleModel, operation: Exclude<Operation, 'start'>): Step {
  if (model.operation !== operation) return unchanged(model);
  if (operation === 'dispose') return end(model);
  if (operation === 'stop') return dispose(model);
  if (model.state === 'stop-pending') return waitOrStop(model);
  return step(settled(model, operation === 'pause' ? 'paused' : 'running'), [
    clear('operation'),
    log('info', operation === 'pause' ? 'Service is paused' : 'Service goes on'),
  ]);
}

function failed(model: LifecycleModel, operation: Operation, message: string): Step {
  if (model.operation !== operation) return unchanged(model);
  switch (operation) {
    case 'start':
      // A start that gives up because it was asked to stop has done what it was asked.
      if (model.stopReason) return dispose({ ...model, ending: stoppedExit(model) });
      return dispose(
        {
          ...model,
          ending: { code: ExitCode.failed, reason: 'start-failed', message: `Start failed: ${message}` },
        },
        [{ type: 'abort', reason: 'start-failed' }, log('error', 'Start failed', message)],
      );
    case 'stop':
      return dispose(
        {
          ...model,
          ending: { code: ExitCode.failed, reason: 'stop-failed', message: `Stop failed: ${message}` },
        },
        [log('error', 'Stop failed', message)],
      );
    case 'dispose':
      return end(
        endingWith(model, {
          code: ExitCode.failed,
          reason: 'stop-failed',
          message: `Clean-up failed: ${message}`,
        }),
        [log('error', 'Clean-up failed', message)],
      );
    default: {
      const text = operation === 'pause' ? 'Pause failed' : 'Continue failed';
      if (model.state === 'stop-pending') return waitOrStop(model, [log('error', text, message)]);
      return step(settled(model, operation === 'pause' ? 'running' : 'paused'), [
        clear('operation'),
        log('error', text, message),
      ]);
    }
  }
}

/** The stop was waiting for a handler; a reload may still be running. */
function waitOrStop(model: LifecycleModel, effects: readonly LifecycleEffect[] = []): Step {
  const next = { ...model, operation: undefined };
  return model.reloading ? step(next, effects) : invokeStop(next, effects);
}

function checkpoint(model: LifecycleModel, hintMs: number): Step {
  if (!model.operation || model.operation === 'dispose') return unchanged(model);
  return step({ ...model, checkpoint: model.checkpoint + 1, waitHintMs: hintMs }, [
    { type: 'extend-timer', timer: 'operation', ms: hintMs },
  ]);
}

function timedOut(model: LifecycleModel): Step {
  if (model.state === 'stop-pending') return force(model, 'The stop did not end in time');
  if (!model.operation) return unchanged(model);
  const what = { start: 'The start', pause: 'The pause', continue: 'The continue', stop: '', dispose: '' }[
    model.operation
  ];
  return dispose({ ...model, ending: forcedExit(`${what} did not end in time`) }, [
    { type: 'abort', reason: model.operation === 'start' ? 'start-failed' : 'crash' },
    log('error', `${what} did not end in time`),
  ]);
}

/** No more waiting for the service: clean up, or when that is what hangs, leave. */
function force(model: LifecycleModel, message: string): Step {
  const forced = endingWith(model, forcedExit(message));
  if (model.operation === 'dispose') return end(forced, [log('error', message)]);
  return dispose(forced, [log('error', message)]);
}

function crashed(model: LifecycleModel, message: string): Step {
  const ending: Exit = { code: ExitCode.crashed, reason: 'crashed', message: `Uncaught: ${message}` };
  const next = endingWith(model, ending);
  if (model.state === 'stopped') return end(next);
  if (model.operation === 'dispose') return unchanged(next);
  return dispose(next, [{ type: 'abort', reason: 'crash' }]);
}

function dispose(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const { disposeTimeoutMs } = model.limits;
  const next = pending(
    { ...model, reloading: false, reloadQueued: false },
    'stop-pending',
    'dispose',
    disposeTimeoutMs,
  );
  const reloadTimer = model.reloading ? [clear('reload')] : [];
  return step(next, [...first, ...reloadTimer, invoke('dispose'), timer(disposeTimeoutMs)]);
}

function end(model: LifecycleModel, first: readonly LifecycleEffect[] = []): Step {
  const exit = model.ending ?? stoppedExit(model);
  const next: LifecycleModel = {
    ...settled(model, 'stopped'),
    accepts: acceptsNothing,
    reloading: false,
    reloadQueued: false,
    exit,
  };
  const timers = model.reloading ? [clear('operation'), clear('reload')] : [clear('operation')];
  const stepped = step(next, [...first, ...timers]);
  return { model: next, effects: [...stepped.effects, { type: 'exit', exit }] };
}

/** After the end nothing changes any more, but a control still gets its answer. */
function late(model: LifecycleModel, event: LifecycleEvent): Step {
  if (event.type !== 'control' || event.id === undefined) return unchanged(model);
  const answer = answerControl(model.state, model.accepts, event.control);
  return { model, effects: [{ type: 'answer', id: event.id, answer }] };
}

function pending(
  model: LifecycleModel,
  state: LifecycleModel['state'],
  operation: Operation | undefined,
  waitHintMs: number,
): LifecycleModel {
  return { ...model, state, operation, checkpoint: model.checkpoint + 1, waitHintMs };
}

function settled(model: LifecycleModel, state: LifecycleModel['state']): LifecycleModel {
  return { ...model, state, operation: undefined, checkpoint: 0, waitHintMs: 0 };
}

function stoppedExit(model: LifecycleModel): Exit {
  return { code: ExitCode.ok, reason: 'stopped', message: `Stopped (${model.stopReason ?? 'stop'})` };
}

function forcedExit(message: string): Exit {
  return { code: ExitCode.forced, reason: 'forced', message };
}

/** The first thing that went wrong is the one that is reported. */
function endingWith(model: LifecycleModel, exit: Exit): LifecycleModel {
  return model.ending && model.ending.code !== ExitCode.ok ? model : { ...model, ending: exit };
}

const invoke = (operation: Operation | 'reload'): LifecycleEffect => ({ type: 'invoke', operation });
const timer = (ms: number): LifecycleEffect => ({ type: 'set-timer', timer: 'operation', ms });
const clear = (name: 'operation' | 'reload'): LifecycleEffect => ({ type: 'clear-timer', timer: name });

function log(level: 'info' | 'warn' | 'error', message: string, error?: string): LifecycleEffect {
  return { type: 'log', level, message, ...(error !== undefined && { error }) };
}

/** A step that hosts are told of before anything is invoked. */
function step(model: LifecycleModel, effects: readonly LifecycleEffect[]): Step {
  return { model, effects: [{ type: 'report', status: statusOf(model) }, ...effects] };
}

const report = (model: LifecycleModel): Step => step(model, []);
const unchanged = (model: LifecycleModel): Step => ({ model, effects: [] });
