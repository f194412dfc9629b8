import type { Control, ControlAnswer } from './lifecycle/controls.ts';
import type { LifecycleStatus } from './lifecycle/types.ts';
import type { ReclaimRequest, SupervisedHealth } from './supervision.ts';
import type { PassedDescriptor } from './passed-descriptor.ts';

/**
 * Where a service finds itself: under Windows' SCM, under systemd, under launchd, as the child of a Mainstay
 * supervisor (`mainstay up`, the agent, a cluster's primary), as PID 1 of a container, or on a terminal.
 */
export type HostKind = 'scm' | 'systemd' | 'launchd' | 'supervisor' | 'container' | 'terminal';

/** What a host may do with the service it hosts. */
export interface HostedService {
  /** A control from outside; the answer is known at once, its outcome is seen in the reports. */
  control(control: Control): ControlAnswer;
  /** Health and the runtime's measurements at the moment, for a host that passes them on. */
  probe?(): Promise<{ readonly report: SupervisedHealth; readonly metrics: unknown }>;
  /** Gives back what it can spare; resolves when it has. @returns false when it has nothing that it could do */
  reclaim?(request: ReclaimRequest): Promise<boolean>;
}

export interface LivenessProbe {
  /** True while the event loop turns in time; the watchdog is fed only then. */
  isHealthy(): boolean;
}

/**
 * How a process tells whoever runs it that it is starting, up, alive, stopping. One instance a process. A host never
 * throws into the service: what it cannot deliver it logs.
 */
export interface ServiceHost {
  readonly kind: HostKind;
  /** Sockets handed over by the host, to listen on in place of the configured port. */
  readonly sockets: readonly PassedDescriptor[];
  /** Where log lines go under a host whose services have no standard output. */
  readonly logDescriptor?: number | undefined;
  /** Arguments that came with the start itself (`sc start NAME ARG…`); they follow those of the command line. */
  readonly startArguments?: readonly string[];
  /**
   * Opens the way from the host to the service; controls may arrive from here on. Listens to signals before it returns its
   * promise: until then the process has listeners of its own, which end it.
   */
  attach(service: HostedService, liveness: LivenessProbe): Promise<void>;
  /** Called on every change, in order, also many times in one state; must return at once. */
  report(status: LifecycleStatus): void;
  /** Keeps a descriptor beyond this process's life, where the host can. @returns false where it cannot */
  storeDescriptor(name: string, fd: number): boolean;
  /** Lets go of the kept descriptors of a name; missing where nothing is kept. @returns false when nobody can be told */
  forgetDescriptor?(name: string): boolean;
  /** The last call, after `stopped` was reported: resolves when the host has taken note. */
  detach(): Promise<void>;
}
