import { randomInt } from 'node:crypto';

import type {
  LogQuery,
  ManagedState,
  ManagerAction,
  ManagerKind,
  ServiceChange,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceScope,
  ServiceSpec,
  WaitOptions,
} from '@mainstay/core';

import { platformErrors } from '../src/errors.ts';

interface Entry {
  definition: string;
  spec: ServiceSpec;
  state: ManagedState;
  pid: number | undefined;
  exitCode: number | undefined;
  lines: string[];
}

export interface MemoryManagerOptions {
  readonly kind?: ManagerKind;
  readonly scope?: ServiceScope;
  /** False: everything that changes something fails as it does for a user without rights. @default true */
  readonly privileged?: boolean;
  /** States that are reported while a wait lasts, before the wanted one. @default the pending one */
  readonly progress?: readonly Partial<ServiceInfo>[];
  /** Parent of the directories of all services. @default '/var/lib/memory' */
  readonly directories?: string;
  /** Called by `uninstall --purge`. */
  readonly purge?: (directories: ServiceDirectories) => void;
}

/** A service manager in memory that passes the contract suite; a service whose args hold `--fail` does not start. */
export class MemoryManager implements ServiceManager {
  readonly kind: ManagerKind;
  readonly scope: ServiceScope;
  readonly #options: MemoryManagerOptions;
  readonly #services = new Map<string, Entry>();
  #nextPid = randomInt(1000, 2000);

  constructor(options: MemoryManagerOptions = {}) {
    this.kind = options.kind ?? 'systemd';
    this.scope = options.scope ?? 'system';
    this.#options = options;
  }

  directoriesFor(name: string): ServiceDirectories {
    const parent = `${this.#options.directories ?? '/var/lib/memory'}/${name}`;
    return { state: `${parent}/state`, logs: `${parent}/logs`, config: `${parent}/config` };
  }

  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    const entry = this.#services.get(spec.name);
    const after = render(spec);
    const changes: ServiceChange[] = [];
    if (entry?.definition !== after)
      changes.push({ what: definitionOf(spec.name), before: entry?.definition, after });
    return { changes, needsRestart: changes.length > 0 && entry?.pid !== undefined, notes: [] };
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    const plan = await this.plan(spec);
    if (plan.changes.length === 0) return plan;
    this.#needPrivilege('install', spec.name);
    const entry = this.#services.get(spec.name);
    if (entry) Object.assign(entry, { spec, definition: render(spec) });
    else {
      this.#services.set(spec.name, {
        spec,
        definition: render(spec),
        state: 'stopped',
        pid: undefined,
        exitCode: undefined,
        lines: [],
      });
    }
    return plan;
  }

  async planUninstall(name: string, options: { readonly purge: boolean }): Promise<ServicePlan> {
    const entry = this.#services.get(name);
    const changes: ServiceChange[] = [];
    if (entry) changes.push({ what: definitionOf(name), before: entry.definition, after: undefined });
    if (entry && options.purge)
      changes.push({ what: entry.spec.directories.state, before: 'directory', after: undefined });
    return { changes, needsRestart: false, notes: [] };
  }

  async uninstall(name: string, options: { readonly purge: boolean } & WaitOptions): Promise<ServicePlan> {
    const plan = await this.planUninstall(name, options);
    if (plan.changes.length > 0) this.#needPrivilege('uninstall', name);
    this.#services.delete(name);
    if (options.purge) this.#options.purge?.(this.directoriesFor(name));
    return plan;
  }

  async query(name: string): Promise<ServiceInfo> {
    const entry = this.#services.get(name);
    return {
      name,
      state: entry?.state ?? 'not-installed',
      pid: entry?.pid,
      enabled: entry?.spec.autoStart ?? false,
      exitCode: entry?.exitCode,
      exitSignal: undefined,
      text: entry?.state === 'running' ? 'Serving' : '',
      since: entry ? 1_700_000_000_000 : undefined,
      restarts: entry ? 0 : undefined,
      definition: entry ? definitionOf(name) : undefined,
    };
  }

  async act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo> {
    const entry = this.#find(name);
    this.#needPrivilege(action, name);
    for (const step of this.#options.progress ?? [{ state: pendingOf[action] }]) {
      options.onProgress?.({ ...(await this.query(name)), ...step });
      options.signal?.throwIfAborted();
    }
    if (action === 'stop' || action === 'restart') stop(entry);
    if (action === 'start' || action === 'restart') this.#start(entry);
    if ((action === 'pause' || action === 'continue') && this.kind !== 'scm')
      throw platformErrors.error(
        'MANAGER_UNSUPPORTED',
        `Pause and resume are not known to ${this.kind}; stop the service instead`,
      );
    if (action === 'pause') entry.state = 'paused';
    if (action === 'continue') entry.state = 'running';
    return this.query(name);
  }

  async sendCustomControl(name: string, _code: number): Promise<void> {
    this.#find(name);
    if (this.kind !== 'scm')
      throw platformErrors.error(
        'MANAGER_UNSUPPORTED',
        `Custom controls are not known to ${this.kind}; they are Windows' own`,
      );
  }

  async *logs(name: string, query: LogQuery): AsyncGenerator<string> {
    yield* this.#find(name).lines.slice(-query.lines);
  }

  /** Changes what is installed behind the back of the one who installed it. */
  edit(name: string, change: (definition: string) => string): void {
    const entry = this.#find(name);
    entry.definition = change(entry.definition);
  }

  /** The process ends by itself, as after a crash. */
  crash(name: string, exitCode: number): void {
    const entry = this.#find(name);
    Object.assign(entry, { state: 'failed', pid: undefined, exitCode });
  }

  #start(entry: Entry): void {
    if (entry.pid !== undefined) return;
    if (entry.spec.args.includes('--fail')) {
      Object.assign(entry, { state: 'failed', exitCode: 1 });
      throw platformErrors.error(
        'MANAGER_START_FAILED',
        `The service ${entry.spec.name} ended with exit code 1 while it started; see its logs`,
      );
    }
    this.#nextPid += 1;
    Object.assign(entry, { state: 'running', pid: this.#nextPid });
    entry.lines.push(`started with pid ${this.#nextPid}`);
  }

  #find(name: string): Entry {
    const entry = this.#services.get(name);
    if (entry) return entry;
    throw platformErrors.error(
      'MANAGER_NOT_INSTALLED',
      `The service ${name} is not installed; install it first`,
    );
  }

  #needPrivilege(action: string, name: string): void {
    if (this.#options.privileged !== false) return;
    throw platformErrors.error(
      'MANAGER_NO_PRIVILEGE',
      `No right to ${action} the service ${name}; run the command as root`,
    );
  }
}

const pendingOf: Readonly<Record<ManagerAction, ManagedState>> = {
  start: 'start-pending',
  stop: 'stop-pending',
  restart: 'stop-pending',
  pause: 'pause-pending',
  continue: 'continue-pending',
  reload: 'running',
};

function stop(entry: Entry): void {
  if (entry.pid === undefined) return;
  Object.assign(entry, { state: 'stopped', pid: undefined, exitCode: 0 });
}

function definitionOf(name: string): string {
  return `memory:${name}`;
}

function render(spec: ServiceSpec): string {
  return Object.entries(spec)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n');
}
