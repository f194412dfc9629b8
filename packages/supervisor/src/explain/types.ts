import type { ServiceDeclaration } from '../manifest/types.ts';
import type { UnmetDependency } from '../order/conditions.ts';
import type { InstanceView, StartCause } from '../supervisor/types.ts';

/** A dependency that is not there, with what is known of why. */
export interface ExplainedDependency extends UnmetDependency {
  /** What follows the colon; undefined: what its phase says. */
  readonly reason: string | undefined;
}

export interface Explained {
  readonly declaration: ServiceDeclaration;
  readonly view: InstanceView;
  /** Of the latest start. */
  readonly cause: StartCause | undefined;
  /** Why the last run was ended by us, as the probe said it. */
  readonly endDetail: string | undefined;
  /** What it waits for, when it is blocked. */
  readonly unmet: readonly ExplainedDependency[];
  readonly isStoppedByHand: boolean;
  readonly lastLines: readonly string[];
  /** Wall time, ms since the epoch. */
  readonly now: number;
}
