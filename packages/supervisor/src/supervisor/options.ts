import type { Clock, Logger } from '@mainstay/core';

import type { stepInstance } from '../instance/machine.ts';
import type { Prober } from '../health/types.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import type { LogStore } from '../output/types.ts';
import type { Runner } from '../runner/types.ts';
import type { StartCause, SupervisorEvent } from './types.ts';

export interface SupervisorOptions {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** The same object for the same kind, every time. */
  runnerOf(declaration: ServiceDeclaration): Runner;
  readonly prober: Prober;
  readonly logs: LogStore;
  readonly log: Logger;
  /** What every program gets besides its declaration's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memory: SupervisorMemory;
  onEvent(event: SupervisorEvent): void;
  /** The machine of one instance; a simulation puts a faulty one here. @default stepInstance */
  readonly step?: typeof stepInstance;
  /** How often memory, processor and descriptors are looked at, in ms. @default 10_000 */
  readonly sampleIntervalMs?: number;
}

/** What outlives the agent, apart from the manifest. */
export interface SupervisorMemory {
  /** Undefined when there is nothing, or nothing that can be used. */
  read(): RememberedState | undefined;
  write(state: RememberedState): void;
}

export interface RememberedState {
  /** By service. */
  readonly services: Readonly<Record<string, RememberedService>>;
}

export interface RememberedService {
  /** Set when it was scaled by hand. */
  readonly instances: number | undefined;
  /** Stopped by hand: it stays so. */
  readonly isStopped: boolean;
  /** By instance: the number of its latest run. */
  readonly runs: readonly number[];
  /** By instance. */
  readonly restarts: ReadonlyArray<Readonly<Partial<Record<StartCause, number>>>>;
}
