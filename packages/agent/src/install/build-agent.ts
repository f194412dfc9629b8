import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BuildProgress } from '@mainstay/build';

export interface BuiltAgent {
  readonly executable: string;
  readonly version: string;
  /** Removes it. */
  dispose(): Promise<void>;
}

/** Builds the agent's executable for this machine, in a temporary folder. Throws the builder's errors. */
export async function buildAgent(options: {
  /** Entry file or folder of the service that is the agent. @default this package: no command line with it */
  readonly input?: string;
  /** Of the executable. @default from its package.json */
  readonly name?: string;
  readonly onProgress?: BuildProgress;
  readonly signal?: AbortSignal;
}): Promise<BuiltAgent> {
  // Brings a bundler along, which no other command needs.
  const { buildErrors, buildExecutables, hostTarget } = await import('@mainstay/build');
  const target = hostTarget();
  if (target === undefined) {
    throw buildErrors.error(
      'BUILD_UNKNOWN_TARGET',
      `This machine (${process.platform}-${process.arch}) is not a target of the builder`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'mainstay-agent-build-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { files, service } = await buildExecutables({
      input: fileURLToPath(new URL('../..', import.meta.url)),
      targets: [target],
      outputFolder: folder,
      typeCheck: false,
      ...options,
    });
    return { executable: join(folder, files[0]?.file ?? ''), version: service.version, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
