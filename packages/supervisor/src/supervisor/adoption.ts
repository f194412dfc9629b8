import { createReadStream } from 'node:fs';

import type { Logger } from '@mainstay/core';

import type { LogRules } from '../manifest/types.ts';
import type { LogStore, RunOutput } from '../output/types.ts';
import type { LeftoverOutput, Runner } from '../runner/types.ts';

/** Appends to the logs what a killed agent had not taken. What cannot be read is logged and left. */
export async function appendLeftovers(
  runner: Runner,
  logs: LogStore,
  of: { readonly rules: (service: string) => LogRules; readonly log: Logger },
): Promise<void> {
  for (const leftover of await runner.leftovers()) {
    try {
      await append(leftover, logs.openRun(leftover.id, of.rules(leftover.id.service)));
      await leftover.discard();
    } catch (error) {
      of.log.error({ path: leftover.path, err: error }, 'Output of an earlier agent could not be read');
    }
  }
}

async function append({ path, stream }: LeftoverOutput, output: RunOutput): Promise<void> {
  try {
    for await (const chunk of createReadStream(path)) {
      if (output.write(stream, chunk as Buffer)) continue;
      await new Promise<void>((resolve) => {
        output.onDrain = resolve;
      });
    }
  } finally {
    await output.end();
  }
}
