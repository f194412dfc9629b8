import { isPending, type ServiceState } from './states.ts';

/**
 * Why a stop was asked for: by hand or by the service manager (`stop`), because the machine goes down (`shutdown`, or
 * `preshutdown` with more time), by Ctrl-C (`interrupt`), or because the host that started us went away (`disconnect`).
 */
export type StopReason = 'stop' | 'shutdown' | 'preshutdown' | 'interrupt' | 'disconnect';

/** WTS session events (MSDN: WM_WTSSESSION_CHANGE). */
export type SessionEvent =
  | 'console-connect'
  | 'console-disconnect'
  | 'remote-connect'
  | 'remote-disconnect'
  | 'logon'
  | 'logoff'
  | 'lock'
  | 'unlock'
  | 'remote-control'
  | 'create'
  | 'terminate';

/** Power events (MSDN: WM_POWERBROADCAST). */
export type PowerEvent =
  | 'suspend'
  | 'resume'
  | 'resume-automatic'
  | 'power-status-change'
  | 'power-setting-change';

/** What a host can ask of a service. Custom codes are 128–255 (MSDN: HandlerEx). */
export type Control =
  | { readonly type: 'interrogate' }
  | {
      readonly type: 'stop';
      readonly reason: StopReason;
      /** Do not wait: a second Ctrl-C. */ readonly force?: boolean;
    }
  | { readonly type: 'pause' }
  | { readonly type: 'continue' }
  | { readonly type: 'reload' }
  | { readonly type: 'custom'; readonly code: number }
  | { readonly type: 'session-change'; readonly event: SessionEvent; readonly sessionId: number }
  | { readonly type: 'power-event'; readonly event: PowerEvent };

/** What the service has handlers for; known once its start has returned. Stop and interrogate are always accepted. */
export interface AcceptedControls {
  readonly pause: boolean;
  readonly reload: boolean;
  /** Custom control codes, each 128–255. */
  readonly custom: readonly number[];
  readonly sessionChange: boolean;
  readonly powerEvent: boolean;
}

export const acceptsNothing: AcceptedControls = {
  pause: false,
  reload: false,
  custom: [],
  sessionChange: false,
  powerEvent: false,
};

/**
 * - `accepted`: it will be done, or there is nothing to do.
 * - `unsupported`: the service has no handler for it (Windows: ERROR_CALL_NOT_IMPLEMENTED).
 * - `cannot-accept`: not in this state (Windows: ERROR_SERVICE_CANNOT_ACCEPT_CTRL).
 */
export type ControlAnswer = 'accepted' | 'unsupported' | 'cannot-accept';

/** The answer to a control, from the state alone, so that a host can give it while the service's own thread is busy. */
export function answerControl(
  state: ServiceState,
  accepts: AcceptedControls,
  control: Control,
): ControlAnswer {
  if (control.type === 'interrogate') return 'accepted';
  if (control.type === 'stop') return 'accepted';
  // Before the start has returned nobody knows what the service supports: it is the state that forbids the control.
  if (state === 'start-pending' || state === 'stop-pending' || state === 'stopped') return 'cannot-accept';
  if (!supports(accepts, control)) return 'unsupported';
  // Notifications can be taken at any time; changes of state cannot overlap.
  if (control.type === 'session-change' || control.type === 'power-event') return 'accepted';
  return isPending(state) ? 'cannot-accept' : 'accepted';
}

function supports(accepts: AcceptedControls, control: Control): boolean {
  switch (control.type) {
    case 'pause':
    case 'continue':
      return accepts.pause;
    case 'reload':
      return accepts.reload;
    case 'custom':
      return accepts.custom.includes(control.code);
    case 'session-change':
      return accepts.sessionChange;
    case 'power-event':
      return accepts.powerEvent;
    default:
      return true;
  }
}
