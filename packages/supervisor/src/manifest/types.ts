import type { RestartRules } from '../restart/types.ts';

/**
 * What `mainstay.yaml` says, read and resolved: placeholders replaced, paths absolute, defaults filled in, so that two
 * manifests are the same exactly when they are equal as JSON. The agent keeps and compares this, and never reads YAML.
 */
export interface Manifest {
  readonly services: readonly ServiceDeclaration[];
  readonly alerts: AlertRules;
  readonly metrics: MetricsRules;
  readonly logs: LogStoreRules;
}

/** `process`: a child of the agent. `native`: a service of SCM, systemd or launchd, which outlives the agent. */
export type RunnerKind = 'process' | 'native';

export interface ServiceDeclaration {
  /** `[a-z0-9][a-z0-9._-]*`, at most 80 characters. */
  readonly name: string;
  readonly program: ProgramDeclaration;
  /** Absolute; @default the manifest's folder, for `service:` the folder of its package.json */
  readonly cwd: string;
  /** What the manifest sets beyond the agent's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Account that it runs as, where the agent may change it; undefined for the agent's own. */
  readonly user: string | undefined;
  /** @default 'process' */
  readonly runner: RunnerKind;
  /** Processes side by side. @default 1 */
  readonly instances: number;
  /** Sockets that the agent opens and passes on (LISTEN_FDS, sd_listen_fds(3)), shared by all instances. */
  readonly listen: readonly ListenDeclaration[];
  readonly health: HealthRules;
  readonly restart: RestartRules;
  readonly stop: StopRules;
  readonly limits: ResourceLimits;
  readonly logs: LogRules;
  readonly dependsOn: readonly Dependency[];
  /** Start with the agent. @default true */
  readonly autoStart: boolean;
}

export type ProgramDeclaration =
  /** A Mainstay service. `command` is its executable, or Node with the source; it gets an IPC channel to the agent. */
  | {
      readonly type: 'service';
      readonly command: string;
      readonly args: readonly string[];
      readonly source: string;
    }
  /** Anything else. `command` is as written: a path, or a name to be found on PATH. */
  | { readonly type: 'exec'; readonly command: string; readonly args: readonly string[] };

export interface ListenDeclaration {
  /** FileDescriptorName; letters, digits, dashes. */
  readonly name: string;
  /** @default '0.0.0.0' is never assumed: `8080` listens on loopback */
  readonly host: string;
  readonly port: number;
}

export type DependencyCondition = 'started' | 'healthy' | 'completed';

export interface Dependency {
  readonly service: string;
  /** @default 'started' */
  readonly condition: DependencyCondition;
}

/** What a probe does. Exactly one kind. */
export type ProbeTarget =
  /** 2xx and 3xx are well. */
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  /** Exit code 0 is well; runs in the service's folder with its environment. */
  | { readonly type: 'exec'; readonly command: readonly string[] }
  /** The SDK's own report, asked over IPC or the control socket, and the liveness of its event loop. */
  | { readonly type: 'heartbeat' }
  /** Fails while the p99 of the event loop's delay is above; milliseconds. */
  | { readonly type: 'loop-delay'; readonly maxMs: number };

export interface ProbeRules {
  readonly target: ProbeTarget;
  /** From the end of one probe to the beginning of the next, in ms. @default 30_000; 1_000 for startup */
  readonly intervalMs: number;
  /** A probe that takes longer has failed, in ms. @default 5_000 */
  readonly timeoutMs: number;
  /** Failures in a row that count. @default 3; 30 for startup */
  readonly failures: number;
  /** Successes in a row after which it is well again. @default 1 */
  readonly successes: number;
  /** Wait after the start (liveness, readiness: after the startup probe), in ms. @default 0 */
  readonly delayMs: number;
}

export interface HealthRules {
  /** Until it succeeds the others do not run; when it fails, the start has failed. */
  readonly startup: ProbeRules | undefined;
  /** Decides whether the service counts as healthy: dependents, rolling reload. Does not restart. */
  readonly readiness: ProbeRules | undefined;
  /** Failures in a row restart the service. A bare `health: { http: … }` is this one, and readiness too. */
  readonly liveness: ProbeRules | undefined;
}

export interface StopRules {
  /**
   * How it is asked to end.
   * - `signal`: POSIX; on Windows the console control event (CTRL_BREAK_EVENT; `SIGINT` is CTRL_C_EVENT)
   * - `ipc`: a Mainstay service. - `stdin`: a line on standard input. - `command`, `http` (POST): what the program offers.
   * - `window`: WM_CLOSE to its top-level windows; Windows only.
   */
  readonly by:
    | { readonly type: 'ipc' }
    | { readonly type: 'signal'; readonly signal: string }
    | { readonly type: 'stdin'; readonly text: string }
    | { readonly type: 'command'; readonly command: readonly string[] }
    | { readonly type: 'http'; readonly url: string }
    | { readonly type: 'window' };
  /** After this the whole tree is killed, in ms. @default 15_000 */
  readonly graceMs: number;
  /** How it is told to read its configuration again; undefined: `reload` replaces the processes one by one. */
  readonly reloadSignal: string | undefined;
  /**
   * Which process is there first when one takes the place of another in turn. Said at all, a Node program with one
   * instance has its ports from the agent, so that nothing is refused between two processes. @default 'stop-first'
   */
  readonly reloadOrder?: ReloadOrder | undefined;
}

/**
 * `stop-first`: the new process is started when the old one has ended, so that they never share what an instance owns.
 * `start-first`: the old one is asked to end when the new one is ready.
 */
export type ReloadOrder = 'stop-first' | 'start-first';

/** Undefined means no limit. */
export interface ResourceLimits {
  /** Above: alert, ask the service to reclaim, then restart it when it stays above for `reclaimMs`. Bytes. */
  readonly memorySoftBytes: number | undefined;
  /** The kernel's wall. Bytes. */
  readonly memoryHardBytes: number | undefined;
  /** How long memory may stay over the soft bound after the service was asked to reclaim, in ms. @default 60_000 */
  readonly reclaimMs: number;
  /** Per cent of one core. */
  readonly cpuPercent: number | undefined;
  /** Processes and threads (pids.max counts both); on Windows processes. */
  readonly processes: number | undefined;
  /** RLIMIT_NOFILE. */
  readonly openFiles: number | undefined;
  /** RLIMIT_NOFILE is held by the kernel; above this share of it there is an alert. @default 0.9 */
  readonly openFilesAlertShare: number;
  readonly priority: 'idle' | 'low' | 'normal' | 'high' | undefined;
}

export interface LogRules {
  /** A file is rotated when it has reached this size, in bytes. @default 10 MiB */
  readonly rotateBytes: number;
  /** Or this age, in ms; undefined for no bound. @default undefined */
  readonly rotateAgeMs: number | undefined;
  /** Rotated files that are kept. @default 8 */
  readonly keep: number;
  /** gzip rotated files. @default true */
  readonly compress: boolean;
}

/** Of all services together. */
export interface LogStoreRules {
  /** Absolute; undefined: below the agent's state directory. */
  readonly directory: string | undefined;
  /** Bound on everything in it; the oldest rotated files go first. @default 1 GiB */
  readonly totalBytes: number;
}

export interface MetricsRules {
  /** Where `/metrics` is served over TCP besides the agent's own socket; undefined for nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
}

export type AlertKind = 'state' | 'crash-loop' | 'limit' | 'probe' | 'agent';

export type AlertTarget =
  | { readonly type: 'webhook'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly type: 'smtp';
      /** `smtp://user:password@host:port` or `smtps://…` */
      readonly url: string;
      readonly from: string;
      readonly to: readonly string[];
    }
  /** The alert comes as JSON on standard input and as MAINSTAY_ALERT_* variables. */
  | { readonly type: 'command'; readonly command: readonly string[] };

export interface AlertRules {
  readonly targets: readonly AlertTarget[];
  /** @default all */
  readonly on: readonly AlertKind[];
  /** An alert that stays is repeated after this long, in ms. @default 3_600_000 */
  readonly repeatMs: number;
  /** Messages per minute and target; what is more is summed up in one. @default 10 */
  readonly perMinute: number;
}

/** A place in the text of the manifest. */
export interface ManifestPosition {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
}

export interface ManifestProblem extends ManifestPosition {
  /** Starts with a capital, no full stop. */
  readonly message: string;
}

/** Where each key was read, by its path: `services.orders.limits.cpu`. Not part of the manifest, which is compared. */
export type ManifestPositions = ReadonlyMap<string, ManifestPosition>;

export type ManifestResult =
  | {
      readonly ok: true;
      readonly manifest: Manifest;
      readonly positions: ManifestPositions;
      /** What is allowed, and seldom meant. */
      readonly warnings: readonly ManifestProblem[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly ManifestProblem[];
      readonly warnings: readonly ManifestProblem[];
    };

/** A Mainstay service, found: its executable, or Node with its source. */
export interface LocatedProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Working directory unless the manifest names one; absolute. */
  readonly cwd: string;
}

export type Located =
  | { readonly ok: true; readonly program: LocatedProgram }
  | { readonly ok: false; readonly message: string };

/** What the parser takes from outside the text. */
export interface ManifestSurroundings {
  /** Absolute path of the manifest's folder; relative paths start from it. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  /** Bounds of what limits may ask for; undefined: not looked at. */
  readonly machine: { readonly memoryBytes: number; readonly cores: number } | undefined;
  /** Finds the program of `service: path`; the path is absolute. */
  locate(path: string): Promise<Located>;
  /** The text of an `envFile`; rejects when it cannot be read. */
  readText(path: string): Promise<string>;
}

/** What the parser is given by the SDK's config, which has the same placeholders. */
export interface ManifestLanguage {
  /** Replaces `${NAME:default}`. */
  expand(
    text: string,
  ): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };
  /** `; did you mean X?`, or nothing. */
  didYouMean(word: string, candidates: readonly string[]): string;
}
