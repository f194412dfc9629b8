import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  ControlAnswer,
  LifecycleStatus,
  LogQuery,
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
import { ControlClient, controlSocketName, sendControl } from '../control-socket/index.ts';
import { platformErrors } from '../errors.ts';
import { Installation } from './installation.ts';
import { labelFor, logFileFor } from './job.ts';
import { Launchctl } from './launchctl.ts';
import { readLogFile } from './log-file.ts';
import { launchdPaths, type LaunchdPaths } from './paths.ts';
import { jobState, parsePrint } from './print.ts';

/** Between two looks at a job that is waited for, in ms. */
const pollMs = 100;

export interface LaunchdManagerOptions {
  readonly scope: ServiceScope;
  /** @default runs real programs */
  readonly run?: CommandRunner;
  /** @default of the scope */
  readonly paths?: LaunchdPaths;
  /** Effective user id. @default this process's */
  readonly uid?: number;
}

/**
 * launchd seen from outside, by launchctl(1). Installed means that the property list is there; stopped, that it is not
 * loaded. Written from Apple's documentation; it has never run on macOS.
 */
export function createLaunchdManager(options: LaunchdManagerOptions): ServiceManager {
  return new LaunchdManager(options);
}

class LaunchdManager implements ServiceManager {
  readonly kind = 'launchd';
  readonly scope: ServiceScope;
  readonly #paths: LaunchdPaths;
  readonly #launchctl: Launchctl;
  readonly #installation: Installation;

  constructor({ scope, run = runCommand, paths, uid = process.geteuid?.() ?? 0 }: LaunchdManagerOptions) {
    this.scope = scope;
    this.#paths = paths ?? launchdPaths(scope);
    this.#launchctl = new Launchctl(scope, uid, run);
    this.#installation = new Installation({
      scope,
      paths: this.#paths,
      launchctl: this.#launchctl,
      run,
      uid,
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
    const plan = await this.#installation.planUninstall(name, options);
    if (plan.changes.length === 0) return plan;
    this.#installation.requirePrivilege(`uninstall of ${name}`);
    await this.#unload(name, options);
    await this.#installation.remove(name, plan);
    return plan;
  }

  async query(name: string): Promise<ServiceInfo> {
    const definition = this.#installation.jobPath(name);
    const printed = await this.#launchctl.find(['print', this.#launchctl.target(labelFor(name))]);
    const job = printed === undefined ? undefined : parsePrint(printed);
    const isInstalled = job !== undefined || existsSync(definition);
    const state = isInstalled ? jobState(job) : 'not-installed';
    // launchd knows nothing of readiness and pauses; the service itself does.
    const own = state === 'running' ? await this.#ownStatus(name) : undefined;
    return {
      name,
      state: own && own.state !== 'stopped' ? own.state : state,
      pid: job?.pid,
      enabled: isInstalled && (await this.#installation.isEnabled(name)),
      exitCode: job?.lastExitCode,
      exitSignal: job?.lastSignal,
      text: own?.text ?? '',
      since: undefined,
      // The first start is none.
      restarts: job?.runs === undefined ? undefined : Math.max(0, job.runs - 1),
      definition: isInstalled ? definition : undefined,
    };
  }

  async act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo> {
    const info = await this.query(name);
    requireInstalled(info, this.scope);
    const target = this.#launchctl.target(labelFor(name));
    switch (action) {
      case 'start':
        return isUp(info) ? info : this.#start(name, options);
      case 'stop':
        await this.#unload(name, options);
        return this.query(name);
      case 'restart':
        await this.#unload(name, options);
        return this.#start(name, options);
      case 'reload': {
        requireRunning(info);
        const answer = await this.#control(name, { type: 'reload' }).catch(() => undefined);
        if (answer === undefined) await this.#launchctl.run(['kill', 'SIGHUP', target]);
        else requireAccepted(name, 'reload', answer);
        return this.#settle(name, options);
      }
      case 'pause':
      case 'continue':
        requireRunning(info);
        requireAccepted(name, action, await this.#control(name, { type: action }));
        return this.#settle(name, options);
    }
  }

  async sendCustomControl(name: string, code: number): Promise<void> {
    const info = await this.query(name);
    requireInstalled(info, this.scope);
    requireRunning(info);
    requireAccepted(name, `control ${code}`, await this.#control(name, { type: 'custom', code }));
  }

  logs(name: string, query: LogQuery): AsyncIterable<string> {
    return readLogFile(logFileFor({ name, directories: this.directoriesFor(name) }), query);
  }

  async signal(name: string, signal: string): Promise<void> {
    await this.#launchctl.run(['kill', signal, this.#launchctl.target(labelFor(name))]);
  }

  /** Killed first: `bootout` would ask, and wait for ExitTimeOut. It also keeps launchd from starting it again. */
  async kill(name: string, options: WaitOptions): Promise<ServiceInfo> {
    await this.#launchctl.find(['kill', 'SIGKILL', this.#launchctl.target(labelFor(name))]);
    await this.#unload(name, options);
    return this.query(name);
  }

  controlSocket(name: string): string {
    return this.#socket(name);
  }

  /** A job that is not to start with the machine is enabled only as long as loading it takes. */
  async #start(name: string, options: WaitOptions): Promise<ServiceInfo> {
    const target = this.#launchctl.target(labelFor(name));
    const path = this.#installation.jobPath(name);
    if ((await this.#launchctl.find(['print', target])) !== undefined) {
      await this.#launchctl.run(['kickstart', target]);
    } else {
      const isEnabled = await this.#installation.isEnabled(name);
      if (!isEnabled) await this.#launchctl.run(['enable', target]);
      try {
        await this.#launchctl.run(['bootstrap', this.#launchctl.domain, path]);
      } finally {
        if (!isEnabled) await this.#launchctl.run(['disable', target]);
      }
    }
    const info = await this.#settle(name, options);
    if (isUp(info)) return info;
    throw platformErrors.error(
      'MANAGER_START_FAILED',
      `Service ${name} did not start: ${info.exitSignal ?? `exit code ${info.exitCode ?? 'unknown'}`}; look at ${logFileFor({ name, directories: this.directoriesFor(name) })}`,
      { details: { info } },
    );
  }

  /** `bootout` sends SIGTERM, after ExitTimeOut SIGKILL, and may return before the job is gone. */
  async #unload(name: string, options: WaitOptions): Promise<void> {
    const target = this.#launchctl.target(labelFor(name));
    await waitWithProgress(
      `stop of ${name}`,
      options,
      () => this.query(name),
      async (signal) => {
        await this.#launchctl.find(['bootout', target], { signal });
        while ((await this.#launchctl.find(['print', target], { signal })) !== undefined) {
          await delay(pollMs, undefined, { signal });
        }
      },
    );
  }

  async #settle(name: string, options: WaitOptions): Promise<ServiceInfo> {
    return waitWithProgress(
      `change of ${name}`,
      options,
      () => this.query(name),
      async (signal) => {
        for (;;) {
          const info = await this.query(name);
          if (!info.state.endsWith('-pending')) return info;
          await delay(pollMs, undefined, { signal });
        }
      },
    );
  }

  #socket(name: string): string {
    return join(this.directoriesFor(name).state, controlSocketName);
  }

  async #control(name: string, control: Parameters<typeof sendControl>[1]): Promise<ControlAnswer> {
    return sendControl(this.#socket(name), control);
  }

  /** Undefined for whoever may not ask, and while there is nobody to answer. */
  async #ownStatus(name: string): Promise<LifecycleStatus | undefined> {
    try {
      const client = await ControlClient.connect(this.#socket(name), { timeoutMs: 1_000 });
      try {
        return await client.status();
      } finally {
        client.close();
      }
    } catch {
      return undefined;
    }
  }
}
