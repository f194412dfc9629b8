import type { Worker } from 'node:worker_threads';
import {
  defaultLifecycleLimits,
  messageOf,
  type Control,
  type HostedService,
  type LifecycleLimits,
  type LifecycleStatus,
  type Logger,
  type ServiceHost,
} from '@mainstay/core';
import { createSelfWorker } from '../process/self-worker.ts';
import { openLogFile } from './log-file.ts';
import type { FromScm, ScmWorkerData, ToScm } from './scm-messages.ts';

export interface ScmHostOptions {
  readonly serviceName: string;
  readonly log: Logger;
  /** File URL of the program's entry; an executable uses what it carries. */
  readonly entry: string;
  /** The service's own deadlines, for when its thread is too busy to keep them. @default defaultLifecycleLimits */
  readonly limits?: Partial<LifecycleLimits> | undefined;
  /** Starts the thread that talks to the SCM. @default this program again, with the role `scm` */
  readonly startWorker?: (data: ScmWorkerData) => Promise<ScmThread>;
}

/** How long the last status may take to reach the SCM, in milliseconds. */
const lastWordMs = 2_000;

/** The part of a `Worker` that the host needs. */
export type ScmThread = Pick<Worker, 'postMessage' | 'terminate'> & {
  on(event: 'message', listener: (message: FromScm) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
};

/**
 * The SCM as a host. Resolves when ServiceMain has been called, or to undefined when this process was not started by
 * the SCM (error 1063). Loads the FFI, in a thread: call it only where there is no terminal.
 */
export async function createScmHost(options: ScmHostOptions): Promise<ScmHost | undefined> {
  const { serviceName, entry } = options;
  const limits: LifecycleLimits = { ...defaultLifecycleLimits, ...options.limits };
  const data: ScmWorkerData = {
    serviceName,
    limits: { stopTimeoutMs: limits.stopTimeoutMs, pauseTimeoutMs: limits.pauseTimeoutMs },
    startTimeoutMs: limits.startTimeoutMs,
    stopped: new Int32Array(new SharedArrayBuffer(4)),
  };
  const worker = options.startWorker
    ? await options.startWorker(data)
    : ((await createSelfWorker({ role: 'scm', entry, data: { ...data } })) as ScmThread);
  return new Promise((resolve, reject) => {
    let host: ScmHost | undefined;
    worker.on('error', (error) => (host ? host.lost(error.message) : reject(error)));
    worker.on('exit', () => (host ? host.lost('its thread ended') : resolve(undefined)));
    worker.on('message', (message) => {
      if (message.type === 'started') {
        host = new ScmHost(
          options.log,
          worker,
          message.args,
          data.stopped,
          openLog(message.serviceName, options.log),
        );
        resolve(host);
      } else if (host) {
        host.message(message);
      } else {
        if (message.type === 'failed')
          options.log.error({ reason: message.message }, 'No connection to the SCM');
        void worker.terminate().then(() => resolve(undefined));
      }
    });
  });
}

/** A service without its log is better than none. */
function openLog(serviceName: string, log: Logger): number | undefined {
  try {
    return openLogFile(serviceName);
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'The log file cannot be written');
    return undefined;
  }
}

export class ScmHost implements ServiceHost {
  readonly kind = 'scm';
  readonly sockets = [];
  /** The service's own log file; standard output goes nowhere. */
  readonly logDescriptor: number | undefined;
  /** Arguments given to StartService (`sc start NAME ARG…`), without the name. */
  readonly startArguments: readonly string[];
  readonly #log: Logger;
  readonly #worker: ScmThread;
  readonly #waiting: Control[] = [];
  readonly #stopped: Int32Array<SharedArrayBuffer>;
  #service: HostedService | undefined;
  #status: LifecycleStatus | undefined;
  /** Controls handed to the service so far; tells the SCM thread which of its controls a status has seen. */
  #seen = 0;
  #closed = Promise.withResolvers<void>();
  #closing = false;

  constructor(
    log: Logger,
    worker: ScmThread,
    args: readonly string[],
    stopped: Int32Array<SharedArrayBuffer>,
    logDescriptor: number | undefined,
  ) {
    this.logDescriptor = logDescriptor;
    this.#log = log;
    this.#worker = worker;
    this.#stopped = stopped;
    this.startArguments = args;
  }

  async attach(service: HostedService): Promise<void> {
    this.#service = service;
    for (const control of this.#waiting.splice(0)) this.#deliver(service, control);
  }

  report(status: LifecycleStatus): void {
    this.#status = status;
    this.#post({ type: 'status', status, seen: this.#seen });
    // The last word has to be out before this process may end, which in `process.exit()` is right after this call.
    if (status.exit) Atomics.wait(this.#stopped, 0, 0, lastWordMs);
  }

  storeDescriptor(): boolean {
    return false;
  }

  async detach(): Promise<void> {
    this.#closing = true;
    this.#post({ type: 'close' });
    await this.#closed.promise;
  }

  /** From the SCM thread, after `started`. */
  message(message: FromScm): void {
    if (message.type === 'control') {
      if (this.#service) this.#deliver(this.#service, message.control);
      else this.#waiting.push(message.control);
    } else if (message.type === 'closed') this.#closed.resolve();
    else if (message.type === 'failed')
      this.#log.error({ reason: message.message }, 'A call to the SCM failed');
  }

  /** The SCM thread is gone: nobody could stop the service any more, so it stops by itself. */
  lost(reason: string): void {
    this.#closed.resolve();
    Atomics.store(this.#stopped, 0, 1);
    if (this.#closing) return;
    this.#log.error({ reason }, 'The connection to the SCM is lost');
    this.#service?.control({ type: 'stop', reason: 'disconnect' });
  }

  #deliver(service: HostedService, control: Control): void {
    this.#seen += 1;
    const before = this.#status;
    service.control(control);
    // The SCM thread waits to see that this control was handled, also when nothing came of it.
    if (this.#status && this.#status === before) this.report(this.#status);
  }

  #post(message: ToScm): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message);
  }
}
