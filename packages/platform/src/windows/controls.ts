import type {
  AcceptedControls,
  Control,
  ControlAnswer,
  PowerEvent,
  ServiceState,
  SessionEvent,
} from '@mainstay/core';
import { Accept, ControlCode, powerEvents, sessionEvents, Win32 } from './codes.ts';

/** What the SCM hands to HandlerEx, with the session's id already read from WTSSESSION_NOTIFICATION. */
export interface ScmControl {
  readonly code: number;
  readonly eventType: number;
  readonly sessionId: number;
}

/** The control in the words of the lifecycle; undefined for one that no service of ours can take. */
export function toControl({ code, eventType, sessionId }: ScmControl): Control | undefined {
  switch (code) {
    case ControlCode.stop:
      return { type: 'stop', reason: 'stop' };
    case ControlCode.shutdown:
      return { type: 'stop', reason: 'shutdown' };
    case ControlCode.preshutdown:
      return { type: 'stop', reason: 'preshutdown' };
    case ControlCode.pause:
      return { type: 'pause' };
    case ControlCode.continue:
      return { type: 'continue' };
    case ControlCode.interrogate:
      return { type: 'interrogate' };
    case ControlCode.paramChange:
      return { type: 'reload' };
    case ControlCode.sessionChange: {
      const event = (sessionEvents as Readonly<Record<number, SessionEvent>>)[eventType];
      return event && { type: 'session-change', event, sessionId };
    }
    case ControlCode.powerEvent: {
      const event = (powerEvents as Readonly<Record<number, PowerEvent>>)[eventType];
      return event && { type: 'power-event', event };
    }
    default:
      return isCustomCode(code) ? { type: 'custom', code } : undefined;
  }
}

export function isCustomCode(code: number): boolean {
  return Number.isInteger(code) && code >= ControlCode.firstCustom && code <= ControlCode.lastCustom;
}

/** What HandlerEx returns (MSDN: HandlerEx, Return value). */
export function answerCode(answer: ControlAnswer): number {
  switch (answer) {
    case 'accepted':
      return Win32.success;
    case 'unsupported':
      return Win32.callNotImplemented;
    case 'cannot-accept':
      return Win32.serviceCannotAcceptControl;
  }
}

/**
 * Which controls the SCM may send now; it refuses the others itself, with ERROR_INVALID_SERVICE_CONTROL. Custom
 * controls need no bit. A stop in any form can be taken from the first moment, as the handler is there before the
 * start begins. Preshutdown is accepted together with shutdown: whoever has stopped on the first does not get the
 * second, and one that starts in between still does.
 */
export function acceptMask(state: ServiceState, accepts: AcceptedControls): number {
  if (state === 'stopped' || state === 'stop-pending') return 0;
  let mask: number = Accept.stop | Accept.shutdown | Accept.preshutdown;
  if (state === 'start-pending') return mask;
  if (accepts.sessionChange) mask |= Accept.sessionChange;
  if (accepts.powerEvent) mask |= Accept.powerEvent;
  if (state !== 'running' && state !== 'paused') return mask;
  if (accepts.pause) mask |= Accept.pauseContinue;
  if (accepts.reload) mask |= Accept.paramChange;
  return mask;
}
