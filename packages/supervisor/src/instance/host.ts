import type { Clock, Logger } from '@mainstay/core';

import type { Prober } from '../health/types.ts';
import type { ServiceDeclaration } from '../manifest/types.ts';
import type { LogStore } from '../output/types.ts';
import type { Runner, RunSpec } from '../runner/types.ts';
import type { InstancePhase, SupervisorEvent } from '../supervisor/types.ts';
import type { Instance } from './instance.ts';
import type { stepInstance } from './machine.ts';

/** An event without its time, which the supervisor adds. */
export type Told = SupervisorEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'at'>
    : never
  : never;

/** What an instance needs of the supervisor. */
export interface InstanceHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly step: typeof stepInstance;
  readonly prober: Prober;
  readonly logs: LogStore;
  readonly log: Logger;
  runnerOf(declaration: ServiceDeclaration): Runner;
  specOf(declaration: ServiceDeclaration, instance: number, run: number): RunSpec;
  areDependenciesMet(service: string): boolean;
  tell(event: Told): void;
  /** Something that is remembered over the agent's life has changed. */
  remember(): void;
  /** After every change. */
  onChange(
    instance: Instance,
    phase: { readonly from: InstancePhase; readonly to: InstancePhase } | undefined,
  ): void;
  /** Its memory has stayed above its soft bound. */
  onMemoryExceeded(instance: Instance, detail: string): void;
}
