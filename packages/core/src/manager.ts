/** Which service manager: Windows' SCM, systemd, launchd. */
export type ManagerKind = 'scm' | 'systemd' | 'launchd';

/** The machine's services, or the current user's. */
export type ServiceScope = 'system' | 'user';

/**
 * Who the service runs as.
 * - `virtual`: an account of the service's own that nothing else uses: `NT SERVICE\<name>`, systemd's DynamicUser;
 *   a named, password-less account on macOS.
 * - `named`: an existing account; `LocalSystem`, `LocalService`, `NetworkService` and gMSA names (ending in `$`) need
 *   no password on Windows.
 */
export type ServiceAccount = { readonly type: 'virtual' } | { readonly type: 'named'; readonly name: string };

export interface RecoveryPolicy {
  /** When the manager starts the service again by itself. @default 'on-failure' */
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Wait before a restart, in milliseconds. @default 1_000 */
  readonly delayMs: number;
  /** Restarts within `windowMs` after which the manager gives up. @default 5 */
  readonly maxRestarts: number;
  /** @default 60_000 */
  readonly windowMs: number;
}

/** Everything that a service manager is told about a service; the same for every manager. */
export interface ServiceSpec {
  /** Id without spaces: `[a-z0-9][a-z0-9._-]*`, at most 80 characters; a launchd label is derived from it. */
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Absolute path of the executable. */
  readonly executable: string;
  /** Arguments after the executable; the first is the `run` command. */
  readonly args: readonly string[];
  readonly scope: ServiceScope;
  readonly account: ServiceAccount;
  readonly environment: Readonly<Record<string, string>>;
  /** Names of services in the manager's own terms that are started first. */
  readonly dependencies: readonly string[];
  /** Start with the machine (or the user's session). @default true */
  readonly autoStart: boolean;
  /** Windows: start after the other automatic services. @default true */
  readonly delayedStart: boolean;
  readonly recovery: RecoveryPolicy;
  /** The service's own deadline for its start, in milliseconds. */
  readonly startTimeoutMs: number;
  /** After this much time, in milliseconds, a service that was asked to stop is killed: `stopAllowanceMs` of its limits. */
  readonly stopTimeoutMs: number;
  /** Windows: time for PRESHUTDOWN, in milliseconds (10 s by default since build 15063). @default stopTimeoutMs */
  readonly preshutdownTimeoutMs: number;
  /** systemd: WatchdogSec; 0 for none. @default 30_000 */
  readonly watchdogMs: number;
  readonly directories: ServiceDirectories;
  /**
   * It keeps other programs running, which may be anything: it gets control groups to divide among them (systemd's
   * Delegate), and no sandbox, which they would inherit. @default false
   */
  readonly delegate?: boolean;
  /**
   * A command that waits for what ends its programs when it dies itself. systemd runs it when the process has ended, and
   * leaves what else there is of the service alone (KillMode=process); other managers do not kill it in the first place.
   */
  readonly afterEnd?: readonly [executable: string, ...args: string[]];
  /** How the agent wants a program run; undefined for a service that was installed by its own command. */
  readonly program?: ProgramSettings;
}

/**
 * What the agent asks of a manager for a program of its manifest, which may be anything. Such a service has no sandbox
 * and no directories of its own: it runs as a child of the agent would.
 */
export interface ProgramSettings {
  /** Who looks after it, one line of text: `list` finds it by this, and nobody else's install touches it. */
  readonly owner: string;
  /** `notify`: a Mainstay service, which says when it is up. `exec`: any other program, up as soon as it runs. */
  readonly readiness: 'notify' | 'exec';
  /** Absolute. */
  readonly workingDirectory: string;
  /** Exit codes after which the manager does not start it again. */
  readonly neverOn: readonly number[];
  /** Exit codes that count as a good end besides 0. */
  readonly successOn: readonly number[];
  /** What the main process is sent to end. @default SIGTERM */
  readonly stopSignal: string | undefined;
  /** Run to end it, in place of the signal. */
  readonly stopCommand: readonly string[] | undefined;
  readonly reloadSignal: string | undefined;
  readonly limits: ProgramLimits;
  /** File to which each end is added, to be read by `readEnds`, where the manager can do that. */
  readonly endsFile: string | undefined;
}

/** Undefined: no limit. */
export interface ProgramLimits {
  readonly memorySoftBytes: number | undefined;
  readonly memoryHardBytes: number | undefined;
  /** Per cent of one core. */
  readonly cpuPercent: number | undefined;
  readonly processes: number | undefined;
  readonly openFiles: number | undefined;
  /** As nice(2) has it, -20 to 19. */
  readonly nice: number | undefined;
}

/** Directories that only the service (and administrators) can write. */
export interface ServiceDirectories {
  /** What must outlive the process; removed by `uninstall --purge` only. */
  readonly state: string;
  readonly logs: string;
  /** Read by the service, written by administrators. */
  readonly config: string;
}

/** What would be changed, for `--dry-run` and for the decision whether there is anything to do. */
export interface ServiceChange {
  /** The file, registry key or setting: `/etc/systemd/system/x.service`, `start type`. */
  readonly what: string;
  /** What is there now; undefined when nothing is. */
  readonly before: string | undefined;
  /** What will be; undefined when it will be removed. */
  readonly after: string | undefined;
}

export interface ServicePlan {
  /** Empty when what is installed is what was asked for. */
  readonly changes: readonly ServiceChange[];
  /** True when the running service only picks the changes up by a restart. */
  readonly needsRestart: boolean;
  /** What is accepted but not kept on this platform, in words. */
  readonly notes: readonly string[];
}

/** The state in the words of the lifecycle, plus what only a manager knows. */
export type ManagedState =
  | 'not-installed'
  | 'stopped'
  | 'start-pending'
  | 'running'
  | 'pause-pending'
  | 'paused'
  | 'continue-pending'
  | 'stop-pending'
  /** Stopped, and not on request: a crash, a time-out, too many restarts. */
  | 'failed';

export interface ServiceInfo {
  readonly name: string;
  readonly state: ManagedState;
  readonly pid: number | undefined;
  /** Starts by itself with the machine. */
  readonly enabled: boolean;
  /** Exit code of the last run; undefined while the first run lasts or when the manager does not say. */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the last run, where there are signals. */
  readonly exitSignal: string | undefined;
  /** Free text: STATUS= under systemd. */
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number | undefined;
  /** Restarts that the manager made by itself. */
  readonly restarts: number | undefined;
  /** Where the manager keeps the definition: a unit, a plist, a registry key. */
  readonly definition: string | undefined;
  /** The run that lasts, or the last one, where the manager tells runs apart. */
  readonly run?: ManagedRun;
}

/** One run of a service, from its start to its end. */
export interface ManagedRun {
  /** Different for each run, also when a pid comes again: InvocationID under systemd. */
  readonly id: string;
  /** Milliseconds since the Unix epoch; undefined while there is no process. */
  readonly startedAt: number | undefined;
  /** The kernel ended it for its memory. */
  readonly outOfMemory: boolean;
  /** What the whole service takes, where the manager counts. */
  readonly usage: ManagedUsage | undefined;
}

export interface ManagedUsage {
  /** Since the start of the run. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

/** How a run ended, as the manager noted it at that moment. */
export interface ManagedEnd {
  /** `ManagedRun.id`. */
  readonly run: string;
  readonly exitCode: number | undefined;
  readonly exitSignal: string | undefined;
  readonly outOfMemory: boolean;
}

export type ManagerAction = 'start' | 'stop' | 'restart' | 'pause' | 'continue' | 'reload';

export interface WaitOptions {
  /** How long to wait for the state, in milliseconds. */
  readonly timeoutMs: number;
  readonly onProgress?: (info: ServiceInfo) => void;
  readonly signal?: AbortSignal;
}

export interface LogQuery {
  /** Lines from the past. @default 100 */
  readonly lines: number;
  readonly follow: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
  readonly signal?: AbortSignal;
}

/** One line that a service wrote. */
export interface ManagedEntry {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly text: string;
}

/** Lines from the past, then, when the query asks to follow, all that come after the last of them. */
export interface ManagedLog {
  past(): AsyncIterable<ManagedEntry>;
  /** To be read after `past` has been read to its end. Ends with the query's signal. */
  live(): AsyncIterable<ManagedEntry>;
}

/**
 * A service manager seen from outside. Failures are `AppError`s of the platform package: MANAGER_NOT_INSTALLED,
 * MANAGER_NO_PRIVILEGE (with the command that would work), MANAGER_TIMEOUT, MANAGER_START_FAILED, MANAGER_UNSUPPORTED …
 */
export interface ServiceManager {
  readonly kind: ManagerKind;
  readonly scope: ServiceScope;
  /** Where a service of this name keeps its things on this platform. */
  directoriesFor(name: string): ServiceDirectories;
  /** Compares the spec with what is installed. Needs no privilege where reading needs none. */
  plan(spec: ServiceSpec): Promise<ServicePlan>;
  /** Makes it so: creates, repairs drift, or does nothing. Does not start the service. Idempotent. */
  install(spec: ServiceSpec): Promise<ServicePlan>;
  /** What `uninstall` would remove. */
  planUninstall(name: string, options: { readonly purge: boolean }): Promise<ServicePlan>;
  /** Stops and removes it. State and logs are kept unless `purge`. Idempotent. */
  uninstall(name: string, options: { readonly purge: boolean } & WaitOptions): Promise<ServicePlan>;
  query(name: string): Promise<ServiceInfo>;
  /** Asks, then waits until the manager reports the wanted state. No-op when it is there already. */
  act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo>;
  /** Windows: custom code 128–255. Others: MANAGER_UNSUPPORTED. */
  sendCustomControl(name: string, code: number): Promise<void>;
  logs(name: string, query: LogQuery): AsyncIterable<string>;
  /** What several services wrote themselves, in the order of time; missing where nobody keeps the time of a line. */
  entries?(names: readonly string[], query: LogQuery): ManagedLog;
  /** Several at once, in the order of the names; missing where one question cannot ask for more than one. */
  queryAll?(names: readonly string[]): Promise<readonly ServiceInfo[]>;
  /** Names of the installed services of an owner (`ProgramSettings.owner`); missing where nobody keeps that. */
  list?(owner: string): Promise<readonly string[]>;
  /** The ends that were added to an `endsFile`, oldest first; missing where none is kept. */
  readEnds?(endsFile: string): Promise<readonly ManagedEnd[]>;
  /** Sends a signal to the main process. */
  signal?(name: string, signal: string): Promise<void>;
  /** Ends all its processes at once, without asking, and does not start it again. Resolves when it is down. */
  kill?(name: string, options: WaitOptions): Promise<ServiceInfo>;
  /** Where a Mainstay service of this name listens for controls; missing where the manager passes them on itself. */
  controlSocket?(name: string): string;
}
