import type { Clock, Logger, ServiceScope } from '@mainstay/core';
import {
  createProber,
  openLogStore,
  Supervisor,
  type LogStore,
  type Manifest,
  type Prober,
  type Runner,
  type ServiceDeclaration,
  type SupervisorControl,
  type SupervisorOptions,
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
    options: { readonly directory: string; readonly totalBytes: number },
  ): Promise<LogStore>;
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

export const defaultParts: AgentParts = {
  async openProcessRunner(context) {
    const { openProcessRunner } = await import('./parts/process-runner.ts');
    return openProcessRunner(context);
  },
  async openNativeRunner(context) {
    const { openNativeRunner } = await import('./parts/native-runner.ts');
    return openNativeRunner(context, scopeOf());
  },
  openLogStore({ clock, log }, options) {
    return openLogStore({ ...options, clock, log });
  },
  createProber({ clock, environment }) {
    return createProber({ clock, environment });
  },
  createSupervisor: (options) => new Supervisor(options),
  async hostProblems(context, question) {
    const { hostProblems } = await import('./parts/host-problems.ts');
    return hostProblems(context, question);
  },
};

/** Root's agent asks the machine's manager, anybody else's the user's own. */
function scopeOf(): ServiceScope {
  return process.platform === 'win32' || process.geteuid?.() === 0 ? 'system' : 'user';
}
