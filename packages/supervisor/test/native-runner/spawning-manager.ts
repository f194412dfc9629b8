import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  LogQuery,
  ManagedEnd,
  ManagedState,
  ManagerAction,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceSpec,
  WaitOptions,
} from '@mainstay/core';
import { platformErrors } from '@mainstay/platform';

interface Unit {
  spec: ServiceSpec;
  definition: string;
  state: ManagedState;
  child: ChildProcess | undefined;
  runId: string;
  startedAt: number;
  exitCode: number | undefined;
  exitSignal: string | undefined;
  restarts: number;
  isStopping: boolean;
  restart: NodeJS.Timeout | undefined;
  readonly lines: string[];
}

export interface SpawningManagerOptions {
  /** As systemd: it notes ends, kills and signals. Without it knows no more than any manager. @default true */
  readonly isRich?: boolean;
}

/** A service manager of this process: it runs what it is told, restarts it by its rules, and notes ends as systemd does. */
export class SpawningManager {
  readonly kind = 'systemd';
  readonly scope = 'user';
  readonly directory: string;
  /** Everything that was asked, as `start NAME`. */
  readonly asked: string[] = [];
  readonly units = new Map<string, Unit>();
  /** Makes each `install` fail with this. */
  failure: Error | undefined;

  static create(
    directory: string,
    { isRich = true }: SpawningManagerOptions = {},
  ): SpawningManager & ServiceManager {
    return isRich ? new RichManager(directory) : new SpawningManager(directory);
  }

  constructor(directory: string) {
    this.directory = directory;
  }

  directoriesFor(name: string): ServiceDirectories {
    const below = join(this.directory, name);
    return { state: join(below, 'state'), logs: join(below, 'logs'), config: join(below, 'config') };
  }

  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    const before = this.units.get(spec.name);
    const after = JSON.stringify(spec);
    const isSame = before?.definition === after;
    const changes = isSame ? [] : [{ what: spec.name, before: before?.definition, after }];
    return { changes, needsRestart: !isSame && before?.child !== undefined, notes: [] };
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    if (this.failure) throw this.failure;
    const plan = await this.plan(spec);
    if (plan.changes.length === 0) return plan;
    this.asked.push(`install ${spec.name}`);
    const unit = this.units.get(spec.name) ?? newUnit(spec);
    Object.assign(unit, { spec, definition: JSON.stringify(spec) });
    this.units.set(spec.name, unit);
    return plan;
  }

  async planUninstall(name: string): Promise<ServicePlan> {
    const before = this.units.get(name)?.definition;
    const changes = before === undefined ? [] : [{ what: name, before, after: undefined }];
    return { changes, needsRestart: false, notes: [] };
  }

  async uninstall(name: string): Promise<ServicePlan> {
    const plan = await this.planUninstall(name);
    this.asked.push(`uninstall ${name}`);
    const unit = this.units.get(name);
    if (unit) await this.stop(unit, 'SIGKILL');
    this.units.delete(name);
    return plan;
  }

  async query(name: string): Promise<ServiceInfo> {
    const unit = this.units.get(name);
    return {
      name,
      state: unit?.state ?? 'not-installed',
      pid: unit?.child?.pid,
      enabled: false,
      exitCode: unit?.exitCode,
      exitSignal: unit?.exitSignal,
      text: '',
      since: unit?.startedAt,
      restarts: unit?.restarts,
      definition: unit && name,
    };
  }

  async act(name: string, action: ManagerAction, _options: WaitOptions): Promise<ServiceInfo> {
    const unit = this.units.get(name);
    if (!unit) throw platformErrors.error('MANAGER_NOT_INSTALLED', `Service ${name} is not installed`);
    this.asked.push(`${action} ${name}`);
    if (action === 'stop' || action === 'restart') {
      await this.stop(unit, (unit.spec.program?.stopSignal ?? 'SIGTERM') as NodeJS.Signals);
    }
    if (action === 'start' || action === 'restart') this.begin(unit);
    return this.query(name);
  }

  async sendCustomControl(): Promise<void> {}

  async *logs(name: string, { lines }: LogQuery): AsyncGenerator<string> {
    yield* (this.units.get(name)?.lines ?? []).slice(-lines);
  }

  /** Ends everything, for the end of a test. */
  async close(): Promise<void> {
    for (const name of this.units.keys()) await this.uninstall(name);
  }

  protected async stop(unit: Unit, signal: NodeJS.Signals): Promise<void> {
    clearTimeout(unit.restart);
    if (!unit.child) {
      if (unit.state === 'start-pending') unit.state = 'stopped';
      return;
    }
    unit.isStopping = true;
    unit.state = 'stop-pending';
    const ask = signal === 'SIGKILL' ? undefined : unit.spec.program?.stopCommand;
    if (ask) spawn(ask[0] ?? '', ask.slice(1), { stdio: 'ignore' });
    else unit.child.kill(signal);
    const deadline = performance.now() + unit.spec.stopTimeoutMs;
    while (unit.child) {
      if (performance.now() > deadline) unit.child.kill('SIGKILL');
      await delay(5);
    }
  }

  begin(unit: Unit): void {
    if (unit.child) return;
    clearTimeout(unit.restart);
    const { executable, args, environment, program } = unit.spec;
    // The mark finds those that have left the group.
    const env = { ...environment, SPAWNED_UNIT: unit.spec.name };
    const child = spawn(executable, args, {
      cwd: program?.workingDirectory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => unit.lines.push(...text.trimEnd().split('\n')));
    }
    const begun = { exitCode: undefined, exitSignal: undefined, isStopping: false, startedAt: Date.now() };
    Object.assign(unit, begun, { child, state: 'running', runId: randomUUID().replaceAll('-', '') });
    child.once('exit', (code, signal) => void this.#ended(unit, code, signal));
  }

  async #ended(unit: Unit, code: number | null, signal: string | null): Promise<void> {
    while (killMarked(unit.spec.name)) await delay(5);
    const { program, recovery } = unit.spec;
    Object.assign(unit, { child: undefined, exitCode: code ?? undefined, exitSignal: signal ?? undefined });
    const isGood = code === 0 || (code !== null && program?.successOn.includes(code) === true);
    const isFinal = unit.isStopping || (code !== null && program?.neverOn.includes(code) === true);
    const restarts =
      !isFinal && (recovery.restart === 'always' || (recovery.restart === 'on-failure' && !isGood));
    unit.state = restarts ? 'start-pending' : isGood || unit.isStopping ? 'stopped' : 'failed';
    const { runId } = unit;
    // Without a wait nobody gets to see it down.
    if (restarts && recovery.delayMs === 0) this.begin(unit);
    else if (restarts) {
      unit.restart = setTimeout(() => {
        unit.restarts += 1;
        this.begin(unit);
      }, recovery.delayMs);
    }
    this.noteEnd(unit, runId, code, signal);
  }

  protected noteEnd(_unit: Unit, _runId: string, _code: number | null, _signal: string | null): void {}
}

class RichManager extends SpawningManager implements ServiceManager {
  override async query(name: string): Promise<ServiceInfo> {
    const info = await super.query(name);
    const unit = this.units.get(name);
    if (!unit || unit.runId === '') return info;
    const usage = { cpuMs: 1, memoryBytes: residentBytes(unit.child?.pid), processes: 1 };
    const run = { id: unit.runId, startedAt: unit.child && unit.startedAt, outOfMemory: false, usage };
    return { ...info, run };
  }

  async queryAll(names: readonly string[]): Promise<readonly ServiceInfo[]> {
    return Promise.all(names.map((name) => this.query(name)));
  }

  async list(owner: string): Promise<readonly string[]> {
    return [...this.units.values()]
      .filter(({ spec }) => spec.program?.owner === owner)
      .map(({ spec }) => spec.name);
  }

  async readEnds(file: string): Promise<readonly ManagedEnd[]> {
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ManagedEnd);
  }

  async signal(name: string, signal: string): Promise<void> {
    this.units.get(name)?.child?.kill(signal as NodeJS.Signals);
  }

  async kill(name: string): Promise<ServiceInfo> {
    this.asked.push(`kill ${name}`);
    const unit = this.units.get(name);
    if (unit) await this.stop(unit, 'SIGKILL');
    return this.query(name);
  }

  protected override noteEnd(unit: Unit, runId: string, code: number | null, signal: string | null): void {
    const file = unit.spec.program?.endsFile;
    if (file === undefined || !readdirSync(join(file, '..'))) return;
    const end: ManagedEnd = {
      run: runId,
      exitCode: code ?? undefined,
      exitSignal: signal ?? undefined,
      outOfMemory: false,
    };
    appendFileSync(file, `${JSON.stringify(end)}\n`);
  }
}

function newUnit(spec: ServiceSpec): Unit {
  return {
    spec,
    definition: '',
    state: 'stopped',
    child: undefined,
    runId: '',
    startedAt: 0,
    exitCode: undefined,
    exitSignal: undefined,
    restarts: 0,
    isStopping: false,
    restart: undefined,
    lines: [],
  };
}

/** proc_pid_status(5), VmRSS in KiB. */
function residentBytes(pid: number | undefined): number {
  if (pid === undefined || !existsSync(`/proc/${pid}`)) return 0;
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** What a program leaves behind ends with it, also in sessions of its own (proc_pid_environ(5)). */
function killMarked(name: string): boolean {
  let hasFound = false;
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (!environment.includes(`SPAWNED_UNIT=${name}`)) continue;
      hasFound = true;
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is another user's.
    }
  }
  return hasFound;
}
