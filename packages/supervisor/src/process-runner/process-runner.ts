import type { RunOutput } from '../output/types.ts';
import type { LeftoverOutput, Run, RunEvents, Runner, RunnerCapabilities, RunSpec } from '../runner/types.ts';
import { Containers } from './containers.ts';
import type { ProcessRunnerOptions } from './options.ts';
import { createPosixSystem } from './posix-system.ts';
import type { ProcessSystem } from './process-system.ts';
import { ProcessRun, type ProcessRunParts } from './process-run.ts';
import { createWindowsSystem } from './windows-system.ts';

/**
 * Programs as children of this process, each in a container of its own.
 *
 * INVARIANTS: nothing that a run has started lives on after its `ended`, nor after this process's death, for which the
 * containment's guardian sees. What it has written by then is in its output, or saved for the next agent.
 */
export class ProcessRunner implements Runner {
  readonly kind = 'process';
  readonly capabilities: RunnerCapabilities;
  readonly #parts: ProcessRunParts;

  constructor(options: ProcessRunnerOptions) {
    const system = options.system ?? systemOf(options);
    this.#parts = { ...options, system, containers: new Containers(options.containment) };
    const { unheldLimits, noOtherUsers } = options.containment;
    this.capabilities = {
      unheldLimits,
      unavailableStops: system.unavailableStops,
      capturesOutput: true,
      passesSockets: process.platform !== 'win32',
      changesUser: noOtherUsers === undefined,
      survivesAgent: false,
    };
  }

  start(spec: RunSpec, events: RunEvents, output: RunOutput): Run {
    return new ProcessRun(this.#parts, spec, events, output);
  }

  /** None: the containment has ended what an earlier agent left behind. */
  async adopt(): Promise<readonly Run[]> {
    return [];
  }

  async leftovers(): Promise<readonly LeftoverOutput[]> {
    return await this.#parts.system.leftovers();
  }

  async forget(service: string): Promise<void> {
    this.#parts.containers.forget(service);
  }

  /** The containment is its owner's to close. */
  async close(): Promise<void> {
    this.#parts.system.close();
  }
}

function systemOf({ containment, clock, log }: ProcessRunnerOptions): ProcessSystem {
  const directory = containment.pipesDirectory;
  return directory === undefined ? createWindowsSystem() : createPosixSystem({ directory, clock, log });
}
