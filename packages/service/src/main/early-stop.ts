/** What a signal does before there is a host that listens. */
export interface EarlyStop {
  /** From here on the host listens; no turn of the event loop may lie between its first listener and this call. */
  release(): void;
}

/** The part of a process that ends it when it is told to. */
export interface SignalledProcess {
  readonly connected: boolean;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * SIGTERM and SIGINT from the first moment. Without a listener a stop during the load of the program would look like a
 * kill (143), and as PID 1 the kernel would drop it (pid_namespaces(7)). Nothing has been started yet that wants to be
 * stopped, so the process ends at once, in order: 0.
 *
 * The child of a supervisor leaves SIGINT to its parent, as its host does.
 */
export function installEarlyStop(target: SignalledProcess = process): EarlyStop {
  const stop = (): void => target.exit(0);
  const interrupt = (): void => {
    if (!target.connected) stop();
  };
  target.on('SIGTERM', stop);
  target.on('SIGINT', interrupt);
  return {
    release() {
      target.off('SIGTERM', stop);
      target.off('SIGINT', interrupt);
    },
  };
}
