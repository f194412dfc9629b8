import type { HostedService, LifecycleStatus, Logger, ServiceHost } from '@mainstay/core';
import { oncePerKeyPress } from './key-press.ts';

/** The part of `process` that brings signals. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface SignalHostOptions {
  readonly kind: 'terminal' | 'container';
  readonly log: Logger;
  /** @default process */
  readonly signals?: SignalSource;
  /** @default process.platform */
  readonly platform?: NodeJS.Platform;
  /** Whether the terminal that started us has gone. @default looks for it */
  readonly hasHungUp?: () => boolean;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly monotonic?: () => number;
}

/**
 * A process that is told by signals only: on a terminal, or as the first process of a container.
 *
 * - SIGTERM stops. SIGINT (Ctrl-C) and SIGBREAK (Ctrl-Break) stop, and force a stop that is under way. Under a launcher
 *   (`npm start`) one press brings SIGINT twice; the second within half a second is taken for the first (`key-press.ts`).
 * - SIGHUP reloads; when its terminal has been closed it stops. On Windows it always means a closed console, and the
 *   process has about 10 s (MSDN: CTRL_CLOSE_EVENT).
 * - SIGTSTP and SIGCONT keep their meaning of job control; there is no signal for pause.
 *
 * As PID 1 the kernel gives a process only the signals it has handlers for, which these are. Orphans that end up with
 * PID 1 are not reaped: waitpid(-1) would take the exit of our own children from Node. A service that starts process
 * trees needs an init in its container (`docker run --init`).
 */
export class SignalHost implements ServiceHost {
  readonly kind: 'terminal' | 'container';
  readonly sockets = [];
  readonly #options: SignalHostOptions;
  readonly #signals: SignalSource;
  readonly #listeners: Array<readonly [NodeJS.Signals, () => void]> = [];
  #isStopping = false;

  constructor(options: SignalHostOptions) {
    this.kind = options.kind;
    this.#options = options;
    this.#signals = options.signals ?? process;
  }

  async attach(service: HostedService): Promise<void> {
    const isWindows = (this.#options.platform ?? process.platform) === 'win32';
    const interrupt = oncePerKeyPress(() => {
      service.control({ type: 'stop', reason: 'interrupt', force: this.#isStopping });
    }, this.#options.monotonic);
    this.#listen('SIGTERM', () => service.control({ type: 'stop', reason: 'stop' }));
    this.#listen('SIGINT', interrupt);
    if (isWindows) this.#listen('SIGBREAK', interrupt);
    this.#listen('SIGHUP', () => {
      if (isWindows || (this.#options.hasHungUp ?? hasHungUp)()) {
        service.control({ type: 'stop', reason: 'disconnect' });
      } else this.#reload(service);
    });
  }

  report(status: LifecycleStatus): void {
    this.#isStopping = status.state === 'stop-pending';
  }

  storeDescriptor(): boolean {
    return false;
  }

  async detach(): Promise<void> {
    for (const [signal, listener] of this.#listeners) this.#signals.off(signal, listener);
    this.#listeners.length = 0;
  }

  /** A signal has no sender to answer to. */
  #reload(service: HostedService): void {
    const answer = service.control({ type: 'reload' });
    if (answer !== 'accepted')
      this.#options.log.warn({ answer }, 'SIGHUP: the service did not take the reload');
  }

  #listen(signal: NodeJS.Signals, listener: () => void): void {
    this.#signals.on(signal, listener);
    this.#listeners.push([signal, listener]);
  }
}

/**
 * True when standard input is a terminal that is no longer ours. Without one (a daemon, `nohup`) SIGHUP is the
 * conventional reload. Loaded modules do not matter here: it is asked when a signal has come.
 */
function hasHungUp(): boolean {
  const { fstatSync, openSync, closeSync } = process.getBuiltinModule('node:fs');
  try {
    if (!fstatSync(0).isCharacterDevice()) return false;
    // /dev/null is a character device as well, and is none that hangs up.
    if (process.getBuiltinModule('node:fs').readlinkSync('/dev/fd/0') === '/dev/null') return false;
  } catch {
    return false;
  }
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}
