import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from '@mainstay/core';
import { systemClock } from '@mainstay/platform';
import type { RunnerCapabilities, RunnerKind } from '@mainstay/supervisor';

import { defaultParts } from '../parts.ts';
import type { AgentParts, PartsContext } from './types.ts';

/** Tells this from the others of the process. */
let probes = 0;

/**
 * What a runner of an agent that is started here and now could do: it is opened as the agent would, and closed again.
 * Throws what the agent would: MANAGER_UNAVAILABLE and the errors of the containment.
 */
export async function probeCapabilities(
  kind: RunnerKind,
  log: Logger,
  parts: Pick<AgentParts, 'openProcessRunner' | 'openNativeRunner'> = defaultParts,
): Promise<RunnerCapabilities> {
  const directory = await mkdtemp(join(tmpdir(), 'mainstay-look-'));
  probes += 1;
  const context: PartsContext = {
    clock: systemClock,
    log,
    runtimeDirectory: directory,
    stateDirectory: directory,
    environment: {},
    name: `look-${process.pid}-${probes}`,
    agentExecutable: undefined,
  };
  try {
    const opened =
      kind === 'native'
        ? await parts.openNativeRunner(context).then((runner) => ({ runner, close: () => runner.close() }))
        : await parts.openProcessRunner(context);
    const { capabilities } = opened.runner;
    await opened.close();
    return capabilities;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
