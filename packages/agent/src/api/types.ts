import type {
  Explanation,
  LogLine,
  LogReadOptions,
  Plan,
  ServiceDeclaration,
  ServiceView,
  RunnerCapabilities,
  RunnerKind,
  SupervisorEvent,
} from '@mainstay/supervisor';

import type { AlertTestResult } from '../alerts/alert-dispatcher.ts';

/** First part of every path but `/metrics`. A change that an older client cannot live with gets the next one. */
export const apiVersion = 'v1';

export const actions = ['start', 'stop', 'restart', 'reload'] as const;
export type Action = (typeof actions)[number];

/** `GET /v1/agent` */
export interface AgentInfo {
  /** Tells this run of the agent from every other. */
  readonly id: string;
  readonly version: string;
  readonly pid: number;
  /** Wall time, ms since the epoch. */
  readonly startedAt: number;
  readonly nodeVersion: string;
  readonly platform: string;
  readonly directories: { readonly state: string; readonly runtime: string; readonly logs: string };
  /** What holds the trees of processes: `cgroup-v2`, `job-object` … */
  readonly containment: string;
  /** When the manifest was applied, ms since the epoch; undefined when there is none yet. */
  readonly appliedAt: number | undefined;
  readonly services: number;
  readonly rssBytes: number;
  /** What its runners can do here; one that was not wanted yet is missing. */
  readonly runners: Readonly<Partial<Record<RunnerKind, RunnerCapabilities>>>;
  /** Addresses that its manifest has taken. */
  readonly listens: readonly { readonly host: string; readonly port: number }[];
}

/** `GET /v1/services/NAME` */
export interface ServiceDetail {
  readonly service: ServiceView;
  readonly declaration: ServiceDeclaration;
}

/** A line of `GET /v1/events`; `dropped` stands for events that the reader was too slow for. */
export type AgentEvent =
  | SupervisorEvent
  | { readonly type: 'dropped'; readonly at: number; readonly count: number };

/** What the API serves; the agent implements it, and `AgentClient` has the same over the wire. */
export interface AgentBackend {
  info(): AgentInfo;
  views(): readonly ServiceView[];
  /** Throws SUPERVISOR_UNKNOWN_SERVICE, as all that takes a name. */
  detail(name: string): ServiceDetail;
  why(name: string): Promise<readonly Explanation[]> | readonly Explanation[];
  /** Throws AGENT_MANIFEST_INVALID, as `apply`; `manifest` is whatever came. */
  plan(manifest: unknown): Promise<Plan>;
  apply(manifest: unknown): Promise<Plan>;
  act(action: Action, services: readonly string[]): Promise<void>;
  scale(service: string, instances: number): Promise<void>;
  logs(options: LogReadOptions): AsyncIterable<LogLine>;
  /** Calls with every event from now on; the returned function ends it. */
  watch(onEvent: (event: SupervisorEvent) => void): () => void;
  metrics(): string | Promise<string>;
  /** Sends a test alert to every target of the manifest; resolves when each has been tried. */
  testAlerts(): Promise<readonly AlertTestResult[]>;
  /** Begins a stop of the agent, and returns at once. */
  shutdown(options: { readonly force: boolean }): void;
}
