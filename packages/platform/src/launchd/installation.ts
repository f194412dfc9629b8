import { existsSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceChange, ServicePlan, ServiceScope, ServiceSpec } from '@mainstay/core';
import type { CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';
import { readText } from '../files/read-text.ts';
import { writeFileAtomic } from '../files/write-file-atomic.ts';
import { formatJob, jobNotes, labelFor, roleAccountFor } from './job.ts';
import type { Launchctl } from './launchctl.ts';
import type { LaunchdPaths } from './paths.ts';
import { isDisabled } from './print.ts';
import { accountExists, createRoleAccount, deleteRoleAccount, isRoleAccountOf } from './role-account.ts';

export interface InstallationOptions {
  readonly scope: ServiceScope;
  readonly paths: LaunchdPaths;
  readonly launchctl: Launchctl;
  readonly run: CommandRunner;
  /** Effective user id. */
  readonly uid: number;
}

const autostart = 'start with the machine';
const accountText = 'a role account without password';
const accountChange = (account: string): string => `account ${account}`;

/** Compares, writes and removes property lists. */
export class Installation {
  readonly #options: InstallationOptions;

  constructor(options: InstallationOptions) {
    this.#options = options;
  }

  jobPath(name: string): string {
    return join(this.#options.paths.jobs, `${labelFor(name)}.plist`);
  }

  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    const path = this.jobPath(spec.name);
    const text = formatJob(spec);
    const before = await readText(path);
    const changes: ServiceChange[] = [];
    const account = this.#roleAccount(spec);
    if (account !== undefined && !(await accountExists(account, this.#options.run))) {
      changes.push({
        what: accountChange(account),
        before: undefined,
        after: accountText,
      });
    }
    for (const directory of Object.values(spec.directories) as string[]) {
      if (!existsSync(directory)) changes.push({ what: directory, before: undefined, after: 'directory' });
    }
    if (before !== text) changes.push({ what: path, before, after: text });
    const wanted = spec.autoStart ? 'enabled' : 'disabled';
    const enabled = (await this.isEnabled(spec.name)) ? 'enabled' : 'disabled';
    if (before === undefined || enabled !== wanted) {
      changes.push({ what: autostart, before: before === undefined ? undefined : enabled, after: wanted });
    }
    return { changes, needsRestart: before !== undefined && before !== text, notes: jobNotes(spec) };
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    const plan = await this.plan(spec);
    if (plan.changes.length === 0) return plan;
    this.requirePrivilege(`install of ${spec.name}`);
    const { launchctl, run, paths } = this.#options;
    const account = this.#roleAccount(spec);
    if (account !== undefined && plan.changes.some(({ what }) => what === accountChange(account))) {
      await createRoleAccount(spec.name, account, run);
    }
    await this.#makeDirectories(spec, account);
    await mkdir(paths.jobs, { recursive: true });
    // launchd refuses jobs that others can write (launchd.plist(5)).
    await writeFileAtomic(this.jobPath(spec.name), formatJob(spec), { mode: 0o644 });
    await launchctl.run([spec.autoStart ? 'enable' : 'disable', launchctl.target(labelFor(spec.name))]);
    return plan;
  }

  async planUninstall(name: string, { purge }: { readonly purge: boolean }): Promise<ServicePlan> {
    const path = this.jobPath(name);
    const before = await readText(path);
    const changes: ServiceChange[] = [];
    if (before !== undefined) changes.push({ what: path, before, after: undefined });
    if (purge) {
      for (const what of Object.values(this.#options.paths.directoriesFor(name)) as string[]) {
        if (existsSync(what)) changes.push({ what, before: 'directory', after: undefined });
      }
      const { scope, run } = this.#options;
      const account = roleAccountFor(name);
      if (scope === 'system' && (await isRoleAccountOf(name, account, run))) {
        changes.push({ what: accountChange(account), before: accountText, after: undefined });
      }
    }
    return { changes, needsRestart: false, notes: [] };
  }

  async remove(name: string, plan: ServicePlan): Promise<void> {
    const account = roleAccountFor(name);
    for (const { what } of plan.changes) {
      if (what === accountChange(account)) await deleteRoleAccount(account, this.#options.run);
      else await rm(what, { recursive: true, force: true });
    }
  }

  async isEnabled(name: string): Promise<boolean> {
    const { launchctl } = this.#options;
    return !isDisabled(await launchctl.run(['print-disabled', launchctl.domain]), labelFor(name));
  }

  requirePrivilege(what: string): void {
    if (this.#options.scope === 'user' || this.#options.uid === 0) return;
    throw platformErrors.error(
      'MANAGER_NO_PRIVILEGE',
      `Only root may do this: ${what}; run the same command with sudo, or use --user`,
    );
  }

  #roleAccount(spec: ServiceSpec): string | undefined {
    return spec.scope === 'system' && spec.account.type === 'virtual' ? roleAccountFor(spec.name) : undefined;
  }

  async #makeDirectories(spec: ServiceSpec, roleAccount: string | undefined): Promise<void> {
    const { state, logs, config } = spec.directories;
    const owner = roleAccount ?? (spec.account.type === 'named' ? spec.account.name : undefined);
    for (const directory of [state, logs, config]) await mkdir(directory, { recursive: true });
    if (spec.scope === 'user' || owner === undefined) return;
    for (const directory of [state, logs]) {
      await chmod(directory, 0o700);
      const { code, stderr } = await this.#options.run('chown', [owner, directory]);
      if (code !== 0) {
        throw platformErrors.error(
          'MANAGER_COMMAND_FAILED',
          `Directory ${directory} cannot be given to ${owner}: ${stderr.trim()}`,
        );
      }
    }
  }
}
