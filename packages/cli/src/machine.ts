import { isSea } from 'node:sea';

import { directoryFacts, type DirectoryFacts } from '@mainstay/agent';
import type { ServiceManager, ServiceScope } from '@mainstay/core';
import { createManager } from '@mainstay/platform';

/** The machine that an agent is installed on; a test gives its own. */
export interface Machine {
  readonly facts: DirectoryFacts;
  /** Throws MANAGER_UNAVAILABLE. */
  createManager(scope: ServiceScope): Promise<ServiceManager>;
  /** The file that this program is, when it is an executable that was built; undefined: it runs from source. */
  readonly executable: string | undefined;
}

export function thisMachine(): Machine {
  return {
    facts: directoryFacts(),
    createManager: (scope) => createManager({ scope }),
    executable: isSea() ? process.execPath : undefined,
  };
}
