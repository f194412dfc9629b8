import type { Logger } from '@mainstay/core';

import type { CgroupSurroundings } from './cgroup-layout.ts';

export interface ContainmentOptions {
  /** Tells the agents of one machine apart; `[a-z0-9._-]`. */
  readonly name: string;
  /** The agent's runtime directory; output pipes are in `output` below it. */
  readonly directory: string;
  readonly log: Logger;
  /** @default what /proc says */
  readonly cgroups?: CgroupSurroundings;
}
