import type { Logger } from '@mainstay/core';
import type { Manifest, Runner, RunnerKind, ServiceDeclaration } from '@mainstay/supervisor';

import type { AgentParts, OpenedRunner, PartsContext } from './parts/types.ts';

/** The runners of an agent: the one for child processes is always there, the native one from when it is wanted. */
export class Runners {
  readonly #parts: Pick<AgentParts, 'openNativeRunner'>;
  readonly #context: PartsContext;
  readonly #process: OpenedRunner;
  #native: Promise<Runner> | undefined;
  #openedNative: Runner | undefined;

  constructor(parts: Pick<AgentParts, 'openNativeRunner'>, context: PartsContext, process: OpenedRunner) {
    this.#parts = parts;
    this.#context = context;
    this.#process = process;
  }

  /** Opens what the manifest needs. Throws when there is no such runner here. */
  async prepare({ services }: Pick<Manifest, 'services'>): Promise<void> {
    if (!services.some(({ runner }) => runner === 'native')) return;
    this.#native ??= this.#parts.openNativeRunner(this.#context);
    try {
      this.#openedNative = await this.#native;
    } catch (error) {
      this.#native = undefined;
      throw error;
    }
  }

  /** Opens what the programs of a manifest get at their start. Throws when a port is taken. */
  async openSockets({ services }: Pick<Manifest, 'services'>): Promise<void> {
    await this.#process.prepare(services.filter(({ runner }) => runner === 'process'));
  }

  of({ runner }: Pick<ServiceDeclaration, 'runner'>): Runner {
    const found = this.get(runner);
    if (!found) throw new Error(`The ${runner} runner is wanted before it was opened`);
    return found;
  }

  get(kind: RunnerKind): Runner | undefined {
    return kind === 'process' ? this.#process.runner : this.#openedNative;
  }

  /**
   * Ends native services of an agent that was killed while it removed the last of them: the manifest of today names none,
   * so that nobody else would look.
   */
  async endForgotten(
    current: Manifest | undefined,
    previous: Manifest | undefined,
    log: Logger,
  ): Promise<void> {
    const isNative = ({ runner }: ServiceDeclaration): boolean => runner === 'native';
    if (!previous?.services.some(isNative) || current?.services.some(isNative)) return;
    await this.prepare(previous);
    log.info('Looking for native services of an earlier manifest');
    await this.#openedNative?.adopt(
      () => undefined,
      () => ({ onStatus: () => undefined, onOutOfMemory: () => undefined }),
    );
  }

  async close(): Promise<void> {
    await this.#openedNative?.close();
    await this.#process.close();
  }
}
