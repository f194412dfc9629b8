import type { Control, LifecycleStatus } from '@mainstay/core';
import type { MirrorLimits } from './status-mirror.ts';

/** What the SCM thread is started with, as `workerData`. */
export interface ScmWorkerData {
  readonly serviceName: string;
  readonly limits: MirrorLimits;
  readonly startTimeoutMs: number;
  /** One number in shared memory, set to 1 when the SCM knows that the service has stopped. */
  readonly stopped: Int32Array<SharedArrayBuffer>;
}

/** From the service's thread to the SCM thread. */
export type ToScm =
  /** `seen` is how many controls had been handled by then. */
  | { readonly type: 'status'; readonly status: LifecycleStatus; readonly seen: number }
  /** After the last status: answer `closed` when the SCM knows it. */
  | { readonly type: 'close' };

/** From the SCM thread to the service's. */
export type FromScm =
  /** The SCM started us; arguments of StartService without the name. */
  | { readonly type: 'started'; readonly serviceName: string; readonly args: readonly string[] }
  /** Error 1063: this process was not started by the SCM. */
  | { readonly type: 'not-a-service' }
  | { readonly type: 'control'; readonly control: Control }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string };
