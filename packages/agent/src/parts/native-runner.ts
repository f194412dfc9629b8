import type { ServiceScope } from '@mainstay/core';
import { createManager } from '@mainstay/platform';
import { NativeRunner, type Runner } from '@mainstay/supervisor';

import { nativeDirectory } from '../state/native-directory.ts';
import type { PartsContext } from './types.ts';

/** Services of the operating system's own manager. Throws MANAGER_UNAVAILABLE. */
export async function openNativeRunner(
  { clock, log, stateDirectory, agentExecutable }: PartsContext,
  scope: ServiceScope,
): Promise<Runner> {
  const manager = await createManager({ scope });
  return new NativeRunner({
    manager,
    clock,
    log,
    directory: nativeDirectory(stateDirectory),
    ...(agentExecutable && { agentExecutable }),
  });
}
