import type { HostKind, LifecycleLimits, Logger, ServiceHost } from '@mainstay/core';
import { detectHost, explainHost, type DetectedHost } from './process/detect-host.ts';

export interface HostOptions {
  /** Id of the service. */
  readonly serviceName: string;
  readonly log: Logger;
  /** File URL of the program's entry, for hosts with a thread of their own; in an executable it is the built-in one. */
  readonly entry: string;
  /** The service's own deadlines, for a host with a thread that answers while the service is busy. */
  readonly limits?: Partial<LifecycleLimits> | undefined;
  /** @default what `detectHost` finds */
  readonly kind?: HostKind;
}

/**
 * The host that this process finds itself under. Only that one's modules are loaded: no FFI on a terminal, in a
 * container or under a supervisor.
 */
export async function createHost(options: HostOptions): Promise<ServiceHost> {
  const kind = options.kind ?? detectHost(currentFacts());
  switch (kind) {
    case 'scm': {
      const { createScmHost } = await import('./windows/host.ts');
      // Undefined when Windows says that no SCM started us (error 1063): then somebody ran the program by hand.
      return (await createScmHost(options)) ?? createSignalHost('terminal', options);
    }
    case 'systemd': {
      const { createSystemdHost } = await import('./systemd/host.ts');
      return createSystemdHost(options);
    }
    case 'launchd': {
      const { createLaunchdHost } = await import('./launchd/host.ts');
      return createLaunchdHost(options);
    }
    case 'supervisor': {
      const { SupervisorHost } = await import('./process/supervisor-host.ts');
      return new SupervisorHost(options);
    }
    default:
      return createSignalHost(kind, options);
  }
}

async function createSignalHost(kind: 'container' | 'terminal', { log }: HostOptions): Promise<ServiceHost> {
  const { SignalHost } = await import('./process/signal-host.ts');
  return new SignalHost({ kind, log });
}

/** Under what this process runs, and what it is known by. */
export function explainCurrentHost(): DetectedHost {
  return explainHost(currentFacts());
}

/** What `detectHost` decides by, of this process. */
function currentFacts(): Parameters<typeof detectHost>[0] {
  return {
    env: process.env,
    platform: process.platform,
    pid: process.pid,
    ppid: process.ppid,
    hasIpcChannel: process.connected,
    // Asked on Windows and in some containers only: node:tty takes milliseconds to load.
    isTerminal: () => process.getBuiltinModule('node:tty').isatty(0),
  };
}
