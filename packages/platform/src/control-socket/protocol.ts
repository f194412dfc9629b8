import {
  readReclaimRequest,
  type Control,
  type ControlAnswer,
  type LifecycleStatus,
  type ReclaimRequest,
  type StopReason,
  type SupervisedHealth,
} from '@mainstay/core';

/*
 * What is said over a service's control socket: one JSON object a line, an answer to each request. `control` and
 * `status` are answered at once and in order, `probe` and `reclaim` when the service is through with them.
 * It exists because systemd and launchd can only send signals, which carry neither a pause nor an answer.
 *
 *   → {"id":1,"type":"control","control":{"type":"pause"}}
 *   ← {"id":1,"answer":"accepted","status":{…}}
 *   → {"id":2,"type":"status"}
 *   ← {"id":2,"status":{…}}
 *   → {"id":3,"type":"probe"}
 *   ← {"id":3,"health":{"report":{…},"metrics":{…}}}
 *   → {"id":4,"type":"reclaim","request":{"reason":"memory","used":210,"limit":200}}
 *   ← {"id":4,"reclaimed":true}
 *   ← {"id":0,"error":"Not JSON"}        and the connection is closed
 */

/** Name of the socket in the service's runtime directory. */
export const controlSocketName = 'control.sock';

/** A request that is longer than this, in characters, closes the connection. */
export const maxRequestLength = 4096;

export type ControlRequest =
  | { readonly id: number; readonly type: 'control'; readonly control: Control }
  | { readonly id: number; readonly type: 'status' }
  | { readonly id: number; readonly type: 'probe' }
  | { readonly id: number; readonly type: 'reclaim'; readonly request: ReclaimRequest };

/** What a service says of itself: the report of its checks, and the runtime's measurements. */
export interface ControlHealth {
  readonly report: SupervisedHealth;
  readonly metrics: unknown;
}

export interface ControlResponse {
  readonly id: number;
  readonly answer?: ControlAnswer;
  readonly status?: LifecycleStatus;
  readonly health?: ControlHealth;
  readonly reclaimed?: boolean;
  /** With id 0 the connection is closed; with the request's own, only that has failed. */
  readonly error?: string;
}

const stopReasons: ReadonlySet<unknown> = new Set<StopReason>([
  'stop',
  'shutdown',
  'preshutdown',
  'interrupt',
  'disconnect',
]);

/** Reads a request from outside; a string says what is wrong with it. Unknown members are ignored. */
export function parseRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'Not JSON';
  }
  if (!isRecord(value)) return 'Not an object';
  const { id, type } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return 'No integer "id"';
  if (type === 'status' || type === 'probe') return { id, type };
  if (type === 'reclaim') {
    const request = readReclaimRequest(value['request']);
    return request ? { id, type, request } : 'Malformed "request"';
  }
  if (type !== 'control') return 'Unknown "type"; have "control", "status", "probe" and "reclaim"';
  const control = parseControl(value['control']);
  return control ? { id, type, control } : 'Unknown or malformed "control"';
}

/** The controls that can be sent from outside a Windows machine: session and power events come from Windows alone. */
function parseControl(value: unknown): Control | undefined {
  if (!isRecord(value)) return undefined;
  switch (value['type']) {
    case 'interrogate':
    case 'pause':
    case 'continue':
    case 'reload':
      return { type: value['type'] };
    case 'stop': {
      const { reason = 'stop', force } = value;
      if (!stopReasons.has(reason) || (force !== undefined && typeof force !== 'boolean')) return undefined;
      return { type: 'stop', reason: reason as StopReason, ...(force === true && { force }) };
    }
    case 'custom': {
      const { code } = value;
      const isCode = typeof code === 'number' && Number.isInteger(code) && code >= 128 && code <= 255;
      return isCode ? { type: 'custom', code } : undefined;
    }
    default:
      return undefined;
  }
}

/** Reads a response; undefined for what no server of ours says. */
export function parseResponse(line: string): ControlResponse | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value) || typeof value['id'] !== 'number') return undefined;
    return value as unknown as ControlResponse;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
