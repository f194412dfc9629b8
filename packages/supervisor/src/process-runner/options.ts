import type { ChildProcess } from 'node:child_process';

import type { Clock, Logger } from '@mainstay/core';
import type { Containment } from '@mainstay/platform';

import type { ServiceDeclaration } from '../manifest/types.ts';
import type { ProcessSystem } from './process-system.ts';

/** Listening sockets of a service (`listen:`), open for as long as it is declared. */
export interface PassedSockets {
  /** In the order of the declaration; throws when one cannot be opened. */
  descriptorsFor(
    declaration: ServiceDeclaration,
  ): ReadonlyArray<{ readonly name: string; readonly fd: number }>;
}

/** Lets several Node processes listen on one port: SharedPorts. */
export interface PortSharing {
  /** Answers the process from now on, until its channel closes. `scope` is the service: its processes share ports. */
  attach(child: ChildProcess, scope: string): void;
}

export interface ProcessRunnerOptions {
  readonly containment: Containment;
  readonly ports: PortSharing;
  readonly sockets: PassedSockets;
  readonly clock: Clock;
  readonly log: Logger;
  /** @default this machine's */
  readonly system?: ProcessSystem;
}
