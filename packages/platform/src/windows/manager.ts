import type {
  LogQuery,
  ManagerAction,
  ServiceChange,
  ServiceDirectories,
  ServiceInfo,
  ServiceManager,
  ServicePlan,
  ServiceScope,
  ServiceSpec,
  WaitOptions,
} from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { changeState, startService, stopService, withService } from './actions.ts';
import { ControlCode, Win32 } from './codes.ts';
import { isCustomCode } from './controls.ts';
import { differences, missingSettings, settingNames, type InstalledSettings } from './differences.ts';
import { explained } from './failures.ts';
import {
  basicsOf,
  hasEventSource,
  readSettings,
  removeEventSource,
  serviceKey,
  writeSettings,
} from './installed.ts';
import { readLogs } from './logs.ts';
import { codeOf, ScmConnection, ServiceAccess, type ServiceHandle } from './service-api.ts';
import {
  directoriesFor,
  directoryChanges,
  directoryNotes,
  existingDirectories,
  makeDirectory,
  removeDirectories,
} from './service-directories.ts';
import { notInstalled, serviceInfo } from './service-info.ts';
import { directorySettings, notesOf, settingsOf } from './settings.ts';
import { waitUntil } from './waiting.ts';

/**
 * Windows' service control manager, seen from outside. The scope `user` is refused: what Windows calls per-user
 * services are templates that only an administrator can install, for all users alike.
 * Throws MANAGER_UNSUPPORTED.
 */
export function createScmManager({ scope }: { readonly scope: ServiceScope }): ServiceManager {
  if (scope === 'system') return new ScmManager();
  throw platformErrors.error(
    'MANAGER_UNSUPPORTED',
    'Windows has no services of a single user; leave out --user and install as administrator, or start `run` from a scheduled task at logon (schtasks /create /sc onlogon)',
  );
}

const query = ServiceAccess.queryConfig | ServiceAccess.queryStatus;

class ScmManager implements ServiceManager {
  readonly kind = 'scm';
  readonly scope = 'system';

  directoriesFor(name: string): ServiceDirectories {
    return directoriesFor(name);
  }

  async plan(spec: ServiceSpec): Promise<ServicePlan> {
    return explained(spec.name, () => {
      using scm = new ScmConnection();
      using service = openIfInstalled(scm, spec.name, query);
      const isRunning = service !== undefined && service.status().pid !== 0;
      return planOf(spec, service && readSettings(spec.name, service), isRunning);
    });
  }

  async install(spec: ServiceSpec): Promise<ServicePlan> {
    const plan = await this.plan(spec);
    if (plan.changes.length === 0) return plan;
    return explained(spec.name, () => {
      const wanted = settingsOf(spec);
      using scm = new ScmConnection({ create: true });
      const access = query | ServiceAccess.changeConfig | ServiceAccess.start;
      using existing = openIfInstalled(scm, spec.name, access);
      // The directories come first: a service must never run before they are protected.
      for (const directory of directorySettings(spec)) makeDirectory(directory);
      if (existing) {
        const found = differences(spec.name, wanted, readSettings(spec.name, existing));
        writeSettings(spec.name, existing, wanted, new Set(found.map(({ name }) => name)));
        return plan;
      }
      using created = scm.createService(spec.name, basicsOf(wanted));
      writeSettings(spec.name, created, wanted, new Set(settingNames.filter((name) => !isBasic(name))));
      // What this system does not have shows only now that there is a service to ask.
      return { ...plan, notes: [...plan.notes, ...missingSettings(readSettings(spec.name, created))] };
    });
  }

  async planUninstall(name: string, { purge }: { readonly purge: boolean }): Promise<ServicePlan> {
    return explained(name, () => {
      using scm = new ScmConnection();
      using service = openIfInstalled(scm, name, query);
      const changes: ServiceChange[] = [];
      if (service) {
        changes.push({
          what: `HKLM\\${serviceKey(name)}`,
          before: service.config().imagePath,
          after: undefined,
        });
      }
      if (hasEventSource(name))
        changes.push({ what: `${name}: event source`, before: 'present', after: undefined });
      if (purge) {
        for (const path of existingDirectories(directoriesFor(name))) {
          changes.push({ what: path, before: 'directory', after: undefined });
        }
      }
      return { changes, needsRestart: false, notes: [] };
    });
  }

  async uninstall(name: string, options: { readonly purge: boolean } & WaitOptions): Promise<ServicePlan> {
    const plan = await this.planUninstall(name, options);
    if (plan.changes.length === 0) return plan;
    if (explained(name, () => this.#look(name)).state !== 'not-installed') {
      await this.#act(name, 'stop', options);
      explained(name, () => {
        using scm = new ScmConnection();
        using service = scm.openService(name, ServiceAccess.delete);
        deleteOnce(service);
      });
      await this.#gone(name, options);
    }
    explained(name, () => removeEventSource(name));
    if (options.purge) await removeDirectories(directoriesFor(name));
    return plan;
  }

  async query(name: string): Promise<ServiceInfo> {
    const { checkpoint: _checkpoint, ...info } = explained(name, () => this.#look(name));
    return info;
  }

  async act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo> {
    return this.#act(name, action, options);
  }

  async sendCustomControl(name: string, code: number): Promise<void> {
    if (!isCustomCode(code)) {
      throw platformErrors.error(
        'MANAGER_CONTROL_REFUSED',
        `Not a custom control: ${code}; they are ${ControlCode.firstCustom} to ${ControlCode.lastCustom}`,
      );
    }
    withService(name, ServiceAccess.userControl, (service) => service.control(code));
  }

  logs(name: string, query: LogQuery): AsyncIterable<string> {
    return readLogs(name, directoriesFor(name).logs, query);
  }

  async #act(name: string, action: ManagerAction, options: WaitOptions): Promise<ServiceInfo> {
    const looking = { name, look: () => explained(name, () => this.#look(name)), options };
    switch (action) {
      case 'start':
        return startService(looking);
      case 'stop':
        return stopService(looking);
      case 'restart':
        await stopService(looking);
        return startService(looking);
      default:
        return changeState(looking, action);
    }
  }

  #look(name: string): ServiceInfo & { readonly checkpoint?: number } {
    using scm = new ScmConnection();
    using service = openIfInstalled(scm, name, query);
    return service ? serviceInfo(name, service.status(), service.config().startType) : notInstalled(name);
  }

  /** A deleted service is gone when its last handle is closed, which others may hold. */
  async #gone(name: string, options: WaitOptions): Promise<void> {
    const look = () => {
      try {
        return this.#look(name);
      } catch (error) {
        if (codeOf(error) !== Win32.markedForDelete) throw error;
        return { ...notInstalled(name), state: 'stop-pending' as const };
      }
    };
    try {
      await waitUntil('be gone', options, look, (info) => info.state === 'not-installed');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MANAGER_TIMEOUT') throw error;
      throw platformErrors.error(
        'MANAGER_MARKED_FOR_DELETION',
        `The service ${name} is deleted but not gone, as some program holds on to it; close the Services console, Event Viewer, Task Manager and Process Explorer, or restart the machine`,
        { cause: error },
      );
    }
  }
}

function planOf(
  spec: ServiceSpec,
  installed: InstalledSettings | undefined,
  isRunning: boolean,
): ServicePlan {
  const found = differences(spec.name, settingsOf(spec), installed);
  const directories = directorySettings(spec);
  return {
    changes: [...found.map(({ change }) => change), ...directoryChanges(directories)],
    needsRestart: isRunning && found.some(({ needsRestart }) => needsRestart),
    notes: [
      ...notesOf(spec),
      ...directoryNotes(directories),
      ...(installed ? missingSettings(installed) : []),
    ],
  };
}

function openIfInstalled(scm: ScmConnection, name: string, access: number): ServiceHandle | undefined {
  try {
    return scm.openService(name, access);
  } catch (error) {
    if (codeOf(error) === Win32.serviceDoesNotExist) return undefined;
    throw error;
  }
}

function deleteOnce(service: ServiceHandle): void {
  try {
    service.delete();
  } catch (error) {
    if (codeOf(error) !== Win32.markedForDelete) throw error;
  }
}

/** CreateService has set these; the delayed start is not among them, and Wine's forgets the dependencies. */
function isBasic(name: string): boolean {
  return ['displayName', 'imagePath', 'account'].includes(name);
}
