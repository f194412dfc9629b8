import { join } from 'node:path';
import type {
  LogQuery,
  ManagedEnd,
  ManagedLog,
  ManagerAction,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceScope,
  ServiceSpec,
  WaitOptions,
} from '@mainstay/core';
import { isUp, requireAccepted, requireInstalled, requireRunning } from '../acting/requirements.ts';
import { waitWithProgress } from '../acting/wait.ts';
import { runCommand, type CommandRunner } from '../command/run-command.ts';
import { sendControl } from '../control-socket/send-control.ts';
import { controlSocketName } from '../control-socket/protocol.ts';
import { platformErrors } from '../errors.ts';
import { readEnds } from './ends.ts';
import { Installation } from './installation.ts';
import { journalEntries } from './journal-entries.ts';
import { readJournal } from './journal.ts';
import { systemdPaths, type SystemdPaths } from './paths.ts';
import { isReloading, parseShow, parseShows, serviceInfo, shownProperties, type Shown } from './show.ts';
import { Systemctl } from './systemctl.ts';
import { unitName } from './unit.ts';

export interface SystemdManagerOptions {
  readonly scope: ServiceScope;
  /** @default runs real programs */
  readonly run?: CommandRunner;
  /** @default of the scope */
  readonly paths?: SystemdPaths;
  /** Effective user id. @default this process's */
  readonly uid?: number;
  /** @default looks for /run/systemd/system */
  readonly isBooted?: () => boolean;
}

/** systemd seen from outside, by systemctl, journalctl and systemd-analyze. */
export function createSystemdManager(options: SystemdManagerOptions): ServiceManager {
  return new SystemdManager(options);
}

class SystemdManager implements ServiceManager {
  readonly kind = 'systemd';
  readonly scope: ServiceScope;
  readonly #paths: SystemdPaths;
  readonly #systemctl: Systemctl;
  readonly #installation: Installation;

  constructor({ scope, run = runCommand, paths, uid, isBooted }: SystemdManagerOptions) {
    this.scope = scope;
    this.#paths = paths ?? systemdPaths(scope);
    this.#systemctl = new Systemctl({ scope, run, ...(isBooted && { isBooted }) });
    this.#installation = new Installation({
      scope,
      paths: this.#paths,
      systemctl: this.#systemctl,
      run,
      show: (name) => this.#show(name),
      uid: uid ?? process.geteuid?.() ?? 0,
    });
  }

  directoriesFor(name: string): ServiceDirectories {
    return this.#paths.directoriesFor(name);
  }

  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    return this.#installation.plan(spec);
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    return this.#installation.install(spec);
  }

  async planUninstall(name: string, options: { readonly purge: boolean }): Promise<ServicePlan> {
    return this.#installation.planUninstall(name, options);
  }

  async uninstall(name: string, options: { readonly purge: boolean } & WaitOptions): Promise<ServicePlan> {
    // Before the plan, which can also be made without systemd.
    const { state } = await this.query(name);
    const plan = await this.#installation.planUninstall(name, options);
    if (plan.changes.length === 0) return plan;
    this.#installation.requirePrivilege(`uninstall of ${name}`);
    if (state !== 'not-installed') await this.#systemctlAct('stop', name, options);
    await this.#installation.remove(name, plan);
    return plan;
  }

  async query(name: string): Promise<ServiceInfo> {
    return serviceInfo(name, await this.#show(name));
  }

  async act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo> {
    const info = await this.query(name);
    requireInstalled(info, this.scope);
    switch (action) {
      case 'start':
        return isUp(info) ? info : this.#start('start', name, options);
      case 'restart':
        return this.#start('restart', name, options);
      case 'stop':
        return info.state === 'stopped' ? info : this.#stop(name, options);
      case 'reload':
        return this.#reload(info, options);
      case 'pause':
      case 'continue':
        return this.#pauseOrContinue(info, action, options);
    }
  }

  async sendCustomControl(name: string, code: number): Promise<void> {
    const info = await this.query(name);
    requireInstalled(info, this.scope);
    requireRunning(info);
    requireAccepted(name, `control ${code}`, await sendControl(this.#socket(name), { type: 'custom', code }));
  }

  logs(name: string, query: LogQuery): AsyncIterable<string> {
    return readJournal(unitName(name), this.scope, query);
  }

  entries(names: readonly string[], query: LogQuery): ManagedLog {
    return journalEntries(new Map(names.map((name) => [unitName(name), name])), this.scope, query);
  }

  async queryAll(names: readonly string[]): Promise<readonly ServiceInfo[]> {
    if (names.length === 0) return [];
    const shown = parseShows(await this.#systemctl.run(['show', ...names.map(unitName), ...showOptions]));
    return names.map((name, index) => serviceInfo(name, shown[index] ?? {}));
  }

  async list(owner: string): Promise<readonly string[]> {
    return this.#installation.list(owner);
  }

  async readEnds(endsFile: string): Promise<readonly ManagedEnd[]> {
    return readEnds(endsFile);
  }

  async signal(name: string, signal: string): Promise<void> {
    await this.#systemctl.run(['kill', `--signal=${signal}`, '--kill-whom=main', unitName(name)]);
  }

  async kill(name: string, options: WaitOptions): Promise<ServiceInfo> {
    const unit = unitName(name);
    // Fails when there is nothing left to kill.
    await this.#systemctl.attempt(['kill', '--signal=SIGKILL', '--kill-whom=all', unit]);
    // After it, as it would ask by the stop signal; it calls off the restart that systemd is about to make.
    await this.#systemctlAct('stop', name, options);
    return this.query(name);
  }

  controlSocket(name: string): string {
    return this.#socket(name);
  }

  async #start(action: 'start' | 'restart', name: string, options: WaitOptions): Promise<ServiceInfo> {
    // Somebody asks for it by hand: earlier failures do not count (systemctl(1), reset-failed).
    await this.#systemctl.attempt(['reset-failed', unitName(name)]);
    try {
      await this.#systemctlAct(action, name, options);
    } catch (error) {
      throw await this.#explained(name, error);
    }
    const info = await this.query(name);
    if (isUp(info) || info.state === 'start-pending') return info;
    throw await this.#explained(name);
  }

  async #stop(name: string, options: WaitOptions): Promise<ServiceInfo> {
    const wasFailed = (await this.query(name)).state === 'failed';
    await this.#systemctlAct('stop', name, options);
    const info = await this.query(name);
    if (info.state === 'stopped' || (wasFailed && info.state === 'failed')) return info;
    throw platformErrors.error(
      'MANAGER_STOP_FAILED',
      `Service ${name} is down, but did not stop cleanly: ${ending(info)}`,
      {
        details: { info },
      },
    );
  }

  async #reload(info: ServiceInfo, options: WaitOptions): Promise<ServiceInfo> {
    requireRunning(info);
    const { name } = info;
    const answer = await sendControl(this.#socket(name), { type: 'reload' }).catch(() => undefined);
    // Without a control socket of its own the service gets SIGHUP, and cannot say whether it takes it.
    if (answer === undefined) await this.#systemctlAct('reload', name, options);
    else requireAccepted(name, 'reload', answer);
    return this.#waitFor(name, options, (shown) => !isReloading(shown));
  }

  async #pauseOrContinue(
    info: ServiceInfo,
    action: 'pause' | 'continue',
    options: WaitOptions,
  ): Promise<ServiceInfo> {
    requireRunning(info);
    const { name } = info;
    requireAccepted(name, action, await sendControl(this.#socket(name), { type: action }));
    const wanted = action === 'pause' ? 'paused' : 'running';
    const after = await this.#waitFor(name, options, (shown) => {
      const { state } = serviceInfo(name, shown);
      return state !== 'pause-pending' && state !== 'continue-pending';
    });
    if (after.state === wanted) return after;
    throw platformErrors.error(
      'MANAGER_CONTROL_REFUSED',
      `Service ${name} did not ${action}: it is ${after.state} now; its logs say why`,
      { details: { info: after } },
    );
  }

  /** Runs `systemctl ACTION`, which waits for the job to end, and shows what the unit says meanwhile. */
  async #systemctlAct(
    action: 'start' | 'stop' | 'restart' | 'reload',
    name: string,
    options: WaitOptions,
  ): Promise<void> {
    const failureCode = action === 'stop' ? 'MANAGER_STOP_FAILED' : 'MANAGER_START_FAILED';
    await waitWithProgress(
      `${action} of ${name}`,
      options,
      () => this.query(name),
      (signal) => this.#systemctl.run([action, unitName(name)], { failureCode, signal }),
    );
  }

  async #waitFor(
    name: string,
    options: WaitOptions,
    isDone: (shown: Shown) => boolean,
  ): Promise<ServiceInfo> {
    return waitWithProgress(
      `change of ${name}`,
      options,
      () => this.query(name),
      async (signal) => {
        for (;;) {
          const shown = await this.#show(name, signal);
          if (isDone(shown)) return serviceInfo(name, shown);
        }
      },
    );
  }

  async #explained(name: string, error?: unknown): Promise<Error> {
    const info = await this.query(name);
    const isStartFailure =
      error === undefined || (error as { code?: string }).code === 'MANAGER_START_FAILED';
    if (!isStartFailure) return error as Error;
    const user = this.scope === 'user' ? '--user ' : '';
    return platformErrors.error(
      'MANAGER_START_FAILED',
      `Service ${name} did not start: ${ending(info)}; its last lines: journalctl ${user}-u ${name} -n 50`,
      { cause: error, details: { info } },
    );
  }

  async #show(name: string, signal?: AbortSignal): Promise<Shown> {
    const args = ['show', unitName(name), ...showOptions];
    return parseShow(await this.#systemctl.run(args, signal ? { signal } : {}));
  }

  #socket(name: string): string {
    return join(this.#paths.runtime, name, controlSocketName);
  }
}

const showOptions = ['--timestamp=unix', `--property=${shownProperties.join(',')}`];

/** How the last run ended, in words. */
function ending(info: ServiceInfo): string {
  const { exitCode, exitSignal, text } = info;
  const how = exitSignal ?? (exitCode === undefined ? '' : `exit code ${exitCode}`);
  return [text, how].filter(Boolean).join(', ') || info.state;
}
