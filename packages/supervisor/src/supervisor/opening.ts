import type { LifecycleStatus } from '@mainstay/core';

import type { Manifest, ServiceDeclaration } from '../manifest/types.ts';
import type { Run, RunEvents, Runner } from '../runner/types.ts';
import { appendLeftovers } from './adoption.ts';
import { specOf } from './environment.ts';
import type { SupervisorOptions } from './options.ts';

/** A process of an earlier agent, and where what it tells goes once somebody has taken it over. */
export interface AdoptedRun {
  readonly run: Run;
  readonly take: (events: RunEvents) => void;
}

/** Opens each runner once: takes what an earlier agent left of output and processes. */
export class Opening {
  readonly #options: SupervisorOptions;
  readonly #opened = new Set<Runner>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** What a runner cannot give is logged; it starts with nothing then. */
  async open(
    manifest: Manifest,
    wantedOf: (declaration: ServiceDeclaration) => number,
  ): Promise<readonly AdoptedRun[]> {
    const adopted: AdoptedRun[] = [];
    for (const declaration of manifest.services) {
      const runner = this.#options.runnerOf(declaration);
      if (this.#opened.has(runner)) continue;
      this.#opened.add(runner);
      adopted.push(...(await this.#openRunner(runner, manifest, wantedOf)));
    }
    return adopted;
  }

  async #openRunner(
    runner: Runner,
    manifest: Manifest,
    wantedOf: (declaration: ServiceDeclaration) => number,
  ): Promise<readonly AdoptedRun[]> {
    const { logs, log, environment } = this.#options;
    const declarations = new Map(manifest.services.map((declaration) => [declaration.name, declaration]));
    const [first] = manifest.services;
    const relays = new Map<string, Relay>();
    try {
      if (first) {
        const rules = (service: string) => (declarations.get(service) ?? first).logs;
        await appendLeftovers(runner, logs, { rules, log });
      }
      const runs = await runner.adopt(
        ({ service, instance }) => {
          const declaration = declarations.get(service);
          if (!declaration || declaration.runner !== runner.kind || instance >= wantedOf(declaration))
            return undefined;
          return specOf(declaration, { instance, run: 0 }, environment);
        },
        ({ id }) => {
          const relay = new Relay();
          relays.set(`${id.service}/${id.instance}`, relay);
          return relay;
        },
      );
      return runs.map((run) => ({
        run,
        take: (events) => relays.get(`${run.id.service}/${run.id.instance}`)?.take(events),
      }));
    } catch (error) {
      log.error({ runner: runner.kind, err: error }, 'What an earlier agent left could not be taken over');
      return [];
    }
  }
}

/** Keeps what a process tells until it is known who listens. */
class Relay implements RunEvents {
  #target: RunEvents | undefined;
  #status: LifecycleStatus | undefined;
  #wasOutOfMemory = false;

  take(events: RunEvents): void {
    this.#target = events;
    if (this.#status) events.onStatus(this.#status);
    if (this.#wasOutOfMemory) events.onOutOfMemory();
  }

  onStatus(status: LifecycleStatus): void {
    this.#status = status;
    this.#target?.onStatus(status);
  }

  onOutOfMemory(): void {
    this.#wasOutOfMemory = true;
    this.#target?.onOutOfMemory();
  }
}
