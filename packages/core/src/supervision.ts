import type { PassedDescriptor } from './passed-descriptor.ts';
import type { Control, ControlAnswer } from './lifecycle/controls.ts';
import type { LifecycleStatus } from './lifecycle/types.ts';

/*
 * What a supervising parent (`mainstay up`, the agent, the primary of several instances) and the service it spawned
 * say to each other over Node's IPC channel. The parent sets `MAINSTAY_HOST=supervisor` in the child's environment.
 * A child that loses the channel stops, with reason `disconnect`.
 */

/** The health of a service, as its probes say; declared here so that a parent needs no SDK. */
export interface SupervisedHealth {
  readonly state: 'ok' | 'degraded' | 'failed';
  readonly ready: boolean;
  readonly checks: Readonly<
    Record<string, { readonly state: 'ok' | 'degraded' | 'failed'; readonly detail?: string }>
  >;
}

/** Asks a service to give back what it can spare: caches, idle connections, pooled buffers. */
export interface ReclaimRequest {
  readonly reason: 'memory' | 'open-files';
  /** Bytes, or open files. */
  readonly used: number;
  /** The soft bound that is exceeded; the service is restarted when its memory stays above. */
  readonly limit: number;
}

/*
 * There is no heartbeat that the child sends by itself. The parent asks (`probe`), and a blocked event loop is seen by
 * the answer that does not come: that wakes an idle service once in an interval of 30 s, where a push that notices a
 * block as early would wake it, and the parent, for every period of every service.
 */

/** Child → parent. */
export type SupervisedMessage =
  /** At every change of the lifecycle, in order. */
  | { readonly type: 'status'; readonly status: LifecycleStatus }
  /** `accepted` and so on, for the `control` of the same id. */
  | { readonly type: 'answer'; readonly id: number; readonly answer: ControlAnswer }
  /** In answer to the `probe` of the same id. `metrics` is the runtime's snapshot, for display and export. */
  | {
      readonly type: 'health';
      readonly id: number;
      readonly report: SupervisedHealth;
      readonly metrics: unknown;
    }
  /** For the `reclaim` of the same id, when the service is through with it; false: it has nothing that it could do. */
  | { readonly type: 'reclaimed'; readonly id: number; readonly done: boolean };

/** Parent → child. */
export type SupervisorMessage =
  | { readonly type: 'control'; readonly control: Control; readonly id: number }
  | { readonly type: 'probe'; readonly id: number }
  | { readonly type: 'reclaim'; readonly request: ReclaimRequest; readonly id: number };

const controlTypes: ReadonlySet<string> = new Set<Control['type']>([
  'interrogate',
  'stop',
  'pause',
  'continue',
  'reload',
  'custom',
  'session-change',
  'power-event',
]);

/** Reads a message of the parent; undefined for anything else, so that users may have messages of their own. */
export function readSupervisorMessage(message: unknown): SupervisorMessage | undefined {
  if (!isRecord(message) || typeof message.id !== 'number') return undefined;
  if (message.type === 'probe') return { type: 'probe', id: message.id };
  if (message.type === 'reclaim') {
    const request = readReclaimRequest(message.request);
    return request && { type: 'reclaim', request, id: message.id };
  }
  if (message.type !== 'control' || !isRecord(message.control)) return undefined;
  const { type } = message.control;
  if (typeof type !== 'string' || !controlTypes.has(type)) return undefined;
  return { type: 'control', control: message.control as unknown as Control, id: message.id };
}

/** Reads what came from outside; undefined for what is none. Unknown members are ignored. */
export function readReclaimRequest(value: unknown): ReclaimRequest | undefined {
  if (!isRecord(value)) return undefined;
  const { reason, used, limit } = value;
  if (reason !== 'memory' && reason !== 'open-files') return undefined;
  return isCount(used) && isCount(limit) ? { reason, used, limit } : undefined;
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Reads a message of the child; undefined for anything else. */
export function readSupervisedMessage(message: unknown): SupervisedMessage | undefined {
  if (!isRecord(message)) return undefined;
  switch (message.type) {
    case 'status':
      return isRecord(message.status) ? (message as unknown as SupervisedMessage) : undefined;
    case 'answer':
      return typeof message.id === 'number' && typeof message.answer === 'string'
        ? (message as unknown as SupervisedMessage)
        : undefined;
    case 'health':
      return typeof message.id === 'number' && isRecord(message.report)
        ? (message as unknown as SupervisedMessage)
        : undefined;
    case 'reclaimed':
      return typeof message.id === 'number' && typeof message.done === 'boolean'
        ? { type: 'reclaimed', id: message.id, done: message.done }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * Environment variable by which the primary of several instances names the sockets that it was passed. An instance does
 * not have these descriptors: node:cluster takes the number that it listens on for one of the primary's.
 */
export const passedSocketsVariable = 'MAINSTAY_SOCKETS';

/** Reads the variable; what is not a list of descriptors is none. */
export function readPassedSockets(text: string | undefined): readonly PassedDescriptor[] {
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isDescriptor) : [];
  } catch {
    return [];
  }
}

/** Environment variable by which the primary of several instances hands on the arguments of its start. */
export const startArgumentsVariable = 'MAINSTAY_START_ARGUMENTS';

/** Reads the variable; what is not a list of texts is none. */
export function readStartArguments(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

function isDescriptor(value: unknown): value is PassedDescriptor {
  if (!isRecord(value) || typeof value.name !== 'string') return false;
  return typeof value.fd === 'number' && Number.isInteger(value.fd) && value.fd >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
