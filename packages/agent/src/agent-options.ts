import type { Clock, Logger } from '@mainstay/core';
import type { LogLine, Plan, SupervisorEvent } from '@mainstay/supervisor';

import type { AgentBackend } from './api/types.ts';
import type { AgentDirectories } from './directories.ts';
import type { RuntimeMeasurements } from './metrics/runtime-families.ts';
import type { AgentParts } from './parts/types.ts';

export interface AgentOptions {
  readonly directories: AgentDirectories;
  /** What every service gets; see `environmentForServices`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** @default '0.0.0' */
  readonly version?: string;
  /** @default the system's */
  readonly clock?: Clock;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Listen on the socket of the runtime directory. @default true */
  readonly serveApi?: boolean;
  /** Somebody asked over the API that the agent ends: its host closes it. Without it the agent closes itself. */
  readonly onShutdown?: (options: { readonly force: boolean }) => void;
  /** Applied at the start in place of what was applied last. Throws AGENT_MANIFEST_INVALID. */
  readonly manifest?: unknown;
  /** What this process has measured of itself since the last call, where its host does: for the metrics. */
  readonly runtimeSnapshot?: () => RuntimeMeasurements;
  /** Of the native runner; see NativeRunnerOptions. */
  readonly agentExecutable?: readonly [executable: string, ...args: string[]];
  /** What it is made of; a test replaces some. */
  readonly parts?: Partial<AgentParts>;
}

/** An agent that runs. */
export interface Agent extends AgentBackend {
  /** Of the API; undefined when it is not served. */
  readonly socketPath: string | undefined;
  /** Resolves when what was to run at the start has been carried out, or has begun to wait; never rejects. */
  readonly begun: Promise<void>;
  /** Resolves when no service has a process and none will get one by itself. */
  settled(): Promise<void>;
  /** Calls with every line that services write from now on; the returned function ends it. */
  watchLines(onLine: (line: LogLine) => void): () => void;
  /** Takes the manifest from the state directory again, and applies it. */
  reread(): Promise<Plan | undefined>;
  /**
   * Stops the services, dependents first (native ones live on), and lets go of everything. With `force`, or called again
   * while it runs, they are killed.
   */
  close(options?: { readonly force: boolean }): Promise<void>;
}
