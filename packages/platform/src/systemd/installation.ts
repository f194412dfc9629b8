import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import {
  isAppError,
  type ServiceChange,
  type ServicePlan,
  type ServiceScope,
  type ServiceSpec,
} from '@mainstay/core';
import { sharedWork } from '../acting/shared-work.ts';
import type { CommandRunner } from '../command/run-command.ts';
import { platformErrors } from '../errors.ts';
import { readText } from '../files/read-text.ts';
import { writeFileAtomic } from '../files/write-file-atomic.ts';
import { checkExecutable } from './executable-access.ts';
import type { SystemdPaths } from './paths.ts';
import type { Shown } from './show.ts';
import { noPrivilege, type Systemctl } from './systemctl.ts';
import { readOwnUnit, renderUnit, targetOf, unitName } from './unit.ts';
import { parseUnit } from './unit-file.ts';
import { verifyUnit } from './verify.ts';

export interface InstallationOptions {
  readonly scope: ServiceScope;
  readonly paths: SystemdPaths;
  readonly systemctl: Systemctl;
  readonly run: CommandRunner;
  readonly show: (name: string) => Promise<Shown>;
  /** Effective user id. */
  readonly uid: number;
}

const autostart = 'start with the machine';

/** Compares, writes and removes units. */
export class Installation {
  readonly #options: InstallationOptions;
  readonly #reload: () => Promise<void>;

  constructor(options: InstallationOptions) {
    this.#options = options;
    // systemd reads all its units again: a hundred that are installed at once need not have that a hundred times.
    this.#reload = sharedWork(() => options.systemctl.run(['daemon-reload']));
  }

  /** Where no systemd runs, a comparison with what is on disk, and a note. */
  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    const { shown, notes } = await this.#showIfRuns(spec.name);
    const plan = await this.#planFrom(spec, shown);
    return { ...plan, notes: [...notes, ...plan.notes] };
  }

  async #planFrom(spec: ServiceSpec, shown: Shown): Promise<ServicePlan> {
    const path = this.#unitPath(spec.name);
    const text = renderUnit(spec);
    const before = await readText(path);
    this.#checkName(spec, before, shown);
    await this.#checkUser(spec);
    const changes: ServiceChange[] = [];
    if (before !== text) changes.push({ what: path, before, after: text });
    else if (shown.NeedDaemonReload === 'yes') {
      changes.push({ what: `${unitName(spec.name)} as loaded`, before: 'out of date', after: 'up to date' });
    }
    const wanted = spec.autoStart ? 'enabled' : 'disabled';
    const enabled = before === undefined ? undefined : shown.UnitFileState || 'disabled';
    if (enabled !== wanted && !(enabled === undefined && !spec.autoStart)) {
      changes.push({ what: autostart, before: enabled, after: wanted });
    }
    for (const directory of this.#ownDirectories(spec)) {
      if (!existsSync(directory)) changes.push({ what: directory, before: undefined, after: 'directory' });
    }
    const isActive = shown.ActiveState === 'active' || shown.ActiveState === 'reloading';
    const needsRestart = isActive && before !== text;
    return { changes, needsRestart, notes: [...(await dropInNotes(shown)), ...this.#notes(spec)] };
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    const { systemctl, scope, run } = this.#options;
    const plan = await this.#planFrom(spec, await this.#options.show(spec.name));
    await checkExecutable(spec);
    if (plan.changes.length === 0) return plan;
    this.#requirePrivilege(`install of ${spec.name}`);
    const unit = unitName(spec.name);
    const text = renderUnit(spec);
    // Not of the agent's programs: of their units nothing but checked values differs, and it takes a process a unit.
    if (!spec.program) await verifyUnit(unit, text, scope, run);
    for (const directory of this.#ownDirectories(spec))
      await mkdir(directory, { recursive: true, mode: 0o700 });
    await mkdir(this.#options.paths.units, { recursive: true });
    await writeFileAtomic(this.#unitPath(spec.name), text);
    if (plan.changes.some(({ what }) => what === autostart)) {
      // Without a reload of its own: the next step is one.
      await systemctl.run([spec.autoStart ? 'enable' : 'disable', '--quiet', '--no-reload', unit]);
    }
    await this.#reload();
    return plan;
  }

  /** Where no systemd runs, what is on disk, and a note. */
  async planUninstall(name: string, { purge }: { readonly purge: boolean }): Promise<ServicePlan> {
    const { shown, notes: unknown } = await this.#showIfRuns(name);
    const path = this.#unitPath(name);
    const before = await readText(path);
    const own = before === undefined ? undefined : readOwnUnit(before);
    if (before !== undefined && !own) throw nameTaken(name, path);
    const isForeign = before === undefined && shown.LoadState === 'loaded' && Boolean(shown.FragmentPath);
    if (isForeign) throw nameTaken(name, shown.FragmentPath ?? '');
    const changes: ServiceChange[] = [];
    if (before !== undefined) {
      changes.push({ what: path, before, after: undefined });
      if (shown.UnitFileState === 'enabled') {
        changes.push({ what: autostart, before: 'enabled', after: undefined });
      }
    }
    const notes = [...unknown, ...(await dropInNotes(shown))];
    if (purge) {
      for (const what of this.#purged(name, own?.directories)) {
        changes.push({ what, before: 'directory', after: undefined });
      }
    }
    return { changes, needsRestart: false, notes };
  }

  /** Names of the units of an owner; looks at the files alone. */
  async list(owner: string): Promise<string[]> {
    const { units } = this.#options.paths;
    const files = await readdir(units).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
    const names: string[] = [];
    for (const file of files.filter((name) => name.endsWith('.service')).sort()) {
      // A masked unit is a link to /dev/null, one that was enabled from elsewhere a link that may lead nowhere.
      const text = await readText(join(units, file)).catch(() => undefined);
      if (text !== undefined && readOwnUnit(text)?.owner === owner)
        names.push(file.slice(0, -'.service'.length));
    }
    return names;
  }

  /** What is left to do when the service has stopped. */
  async remove(name: string, plan: ServicePlan): Promise<void> {
    const { systemctl } = this.#options;
    const unit = unitName(name);
    const path = this.#unitPath(name);
    if (plan.changes.some(({ what }) => what === autostart)) {
      await systemctl.run(['disable', '--quiet', '--no-reload', unit]);
    }
    if (plan.changes.some(({ what }) => what === path)) {
      await rm(path, { force: true });
      await this.#reload();
      // Its failure, if it had one, would keep it in systemd's memory; without one this fails.
      await systemctl.attempt(['reset-failed', unit]);
    }
    for (const { what, before } of plan.changes) {
      if (before === 'directory') await rm(what, { recursive: true, force: true });
    }
  }

  /** Refused early and as a whole, not half-way through. */
  requirePrivilege(what: string): void {
    this.#requirePrivilege(what);
  }

  #requirePrivilege(what: string): void {
    if (this.#options.scope === 'system' && this.#options.uid !== 0) throw noPrivilege(what);
  }

  async #showIfRuns(name: string): Promise<{ readonly shown: Shown; readonly notes: readonly string[] }> {
    try {
      return { shown: await this.#options.show(name), notes: [] };
    } catch (error) {
      if (!isAppError(error) || error.code !== 'MANAGER_UNAVAILABLE') throw error;
      // What systemctl would say of a unit that is not loaded: it reads these links.
      const { units } = this.#options.paths;
      const link = join(units, `${targetOf(this.#options.scope)}.wants`, unitName(name));
      return {
        shown: { UnitFileState: existsSync(link) ? 'enabled' : 'disabled' },
        notes: [`Compared with the files only, and not to be carried out here: ${error.message}`],
      };
    }
  }

  #unitPath(name: string): string {
    return join(this.#options.paths.units, unitName(name));
  }

  #checkName(spec: ServiceSpec, before: string | undefined, shown: Shown): void {
    const path = this.#unitPath(spec.name);
    if (shown.LoadState === 'masked') {
      throw platformErrors.error(
        'MANAGER_MASKED',
        `Service ${spec.name} is masked; to allow it again: systemctl unmask ${spec.name}`,
      );
    }
    if (before !== undefined && !isOurs(spec, before)) throw nameTaken(spec.name, path);
    if (before === undefined && shown.LoadState === 'loaded' && shown.FragmentPath) {
      throw nameTaken(spec.name, shown.FragmentPath);
    }
  }

  /** systemd.exec(5), DynamicUser: a user of the unit's name who exists already is taken instead of a new one. */
  async #checkUser({ name, scope, account }: ServiceSpec): Promise<void> {
    if (scope === 'user' || account.type === 'named') return;
    const users = (await readText('/etc/passwd')) ?? '';
    if (!users.split('\n').some((line) => line.startsWith(`${name}:`))) return;
    throw platformErrors.error(
      'MANAGER_NAME_TAKEN',
      `Name ${name} is that of a user of this machine, as whom the service would run; choose another name, or name the account`,
    );
  }

  /** Directories that systemd does not make by itself. */
  #ownDirectories(spec: ServiceSpec): string[] {
    if (spec.scope === 'system' || spec.program) return [];
    return [spec.directories.state, spec.directories.logs, spec.directories.config];
  }

  /**
   * What `--purge` removes, as far as it is there. The unit says which directories are the service's; without it only
   * those of a virtual account are certain to be, by the place where systemd keeps them.
   */
  #purged(name: string, directories: ServiceSpec['directories'] | undefined): string[] {
    const usual = this.#options.paths.directoriesFor(name);
    const { state, logs, config } = directories ?? usual;
    const candidates = [state, logs].flatMap((path) => {
      const hidden = join(path, '..', 'private', basename(path));
      if (directories) return [path, hidden];
      return existsSync(hidden) ? [path, hidden] : [];
    });
    if (directories) candidates.push(config);
    // A directory that is not named after the service may be somebody else's as well.
    return candidates.filter((path) => isAbsolute(path) && basename(path) === name && existsSync(path));
  }

  #notes(spec: ServiceSpec): string[] {
    if (spec.scope !== 'user') return [];
    const { username } = userInfo();
    const notes: string[] = [];
    if (spec.account.type === 'named') {
      notes.push(`Account ${spec.account.name} is not used: a user's services run as that user`);
    }
    if (spec.autoStart && !existsSync(join('/var/lib/systemd/linger', username))) {
      notes.push(
        `It starts when ${username} logs in and stops with the last session; to start it with the machine: loginctl enable-linger ${username}`,
      );
    }
    return notes;
  }
}

/** Of our making, and of the same owner: an agent does not take over what another one, or a person, has installed. */
function isOurs({ program }: ServiceSpec, text: string): boolean {
  const own = readOwnUnit(text);
  return own !== undefined && own.owner === program?.owner;
}

/** Drop-ins are the administrator's: they are kept, and shown because they override what is installed. */
async function dropInNotes(shown: Shown): Promise<string[]> {
  const notes: string[] = [];
  for (const path of (shown.DropInPaths ?? '').split(' ').filter(Boolean)) {
    const sections = parseUnit((await readText(path)) ?? '');
    const keys = new Set(sections.flatMap(({ entries }) => entries.map(({ key }) => key)));
    notes.push(`Kept: ${path} sets ${[...keys].join(', ') || 'nothing'}`);
  }
  return notes;
}

function nameTaken(name: string, where: string): Error {
  return platformErrors.error(
    'MANAGER_NAME_TAKEN',
    `Name ${name} is another service's: ${where} was not written by this command; choose another name`,
    { details: { name, where } },
  );
}
