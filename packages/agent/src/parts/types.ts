import type { Clock, Logger } from '@mainstay/core';
import type {
  BoundedLogStore,
  LogStoreOptions,
  Manifest,
  Prober,
  Runner,
  ServiceDeclaration,
  SupervisorControl,
  SupervisorOptions,
} from '@mainstay/supervisor';

/** What the parts have in common. */
export interface PartsContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Tells this agent from the others of the machine; the same for each agent of a state directory. */
  readonly name: string;
  readonly agentExecutable: readonly [executable: string, ...args: string[]] | undefined;
}

export interface OpenedRunner {
  readonly runner: Runner;
  /** What holds the trees of processes, for people. */
  readonly containment: string;
  /** Opens what programs get at their start. Throws when that cannot be had. */
  prepare(services: readonly ServiceDeclaration[]): Promise<void>;
  close(): Promise<void>;
}

/** What an agent is made of; each as its room exports it, behind one function. */
export interface AgentParts {
  openProcessRunner(context: PartsContext): Promise<OpenedRunner>;
  openNativeRunner(context: PartsContext): Promise<Runner>;
  openLogStore(
    context: PartsContext,
    options: Pick<LogStoreOptions, 'directory' | 'onFailing' | 'totalBytes'>,
  ): Promise<BoundedLogStore>;
  createProber(context: PartsContext): Prober;
  createSupervisor(options: SupervisorOptions): SupervisorControl;
  /** What this machine cannot do of the manifest, for people. */
  hostProblems(context: PartsContext, question: HostQuestion): Promise<readonly string[]>;
}

export interface HostQuestion {
  /** Only the services that change. */
  readonly manifest: Manifest;
  readonly running: Manifest;
  readonly runnerOf: (kind: Runner['kind']) => Runner | undefined;
}
