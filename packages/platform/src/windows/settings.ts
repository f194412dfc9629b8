import type { RecoveryPolicy, ServiceAccount, ServiceSpec } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { toCommandLine } from './command-line.ts';
import type { FailureAction, FailureActions } from './service-config.ts';
import { directorySddl, serviceSid } from './security.ts';

/** Everything that an installed service consists of, in values that can be compared. */
export interface ScmSettings {
  readonly displayName: string;
  readonly description: string;
  readonly imagePath: string;
  readonly startType: StartType;
  readonly account: string;
  readonly dependencies: readonly string[];
  readonly failureActions: FailureActions;
  /** Also after an end that the service itself reported with an exit code (MSDN: SERVICE_FAILURE_ACTIONS_FLAG). */
  readonly failureActionsFlag: boolean;
  readonly preshutdownTimeoutMs: number;
  /** With `unrestricted` the process's token carries the service's own SID (MSDN: SERVICE_SID_INFO). */
  readonly sidType: SidType;
  /** Empty: all that the account has. */
  readonly requiredPrivileges: readonly string[];
  /** `NAME=value`, sorted by name. */
  readonly environment: readonly string[];
  /** Message file of the source in the Application log. */
  readonly eventSource: string;
}

export type StartType = 'automatic (delayed)' | 'automatic' | 'manual' | 'disabled';
export type SidType = 'none' | 'unrestricted' | 'restricted';

/** A directory of the service with the permissions it has to have. */
export interface DirectorySetting {
  readonly path: string;
  readonly dacl: string;
}

/** %SystemRoot% is expanded by the event viewer. EventCreate.exe is on every Windows, and has a text for each id from 1 to 1000. */
export const eventMessageFile = '%SystemRoot%\\System32\\EventCreate.exe';

/** MSDN: SERVICE_FAILURE_ACTIONS takes any number of actions; more of them than this are not worth their place. */
const maxActions = 100;

/** What a spec means to the SCM. Throws MANAGER_INVALID_SPEC. */
export function settingsOf(spec: ServiceSpec): ScmSettings {
  checkName(spec);
  const account = accountName(spec.name, spec.account);
  return {
    displayName: spec.displayName,
    description: spec.description,
    imagePath: toCommandLine(spec.executable, spec.args),
    startType: spec.autoStart ? (spec.delayedStart ? 'automatic (delayed)' : 'automatic') : 'manual',
    account,
    dependencies: [...spec.dependencies],
    failureActions: failureActionsOf(spec.recovery),
    failureActionsFlag: spec.recovery.restart !== 'never',
    preshutdownTimeoutMs: spec.preshutdownTimeoutMs,
    sidType: 'unrestricted',
    // What every process needs to walk paths; a virtual account starts with impersonation and more otherwise.
    requiredPrivileges: spec.account.type === 'virtual' ? ['SeChangeNotifyPrivilege'] : [],
    environment: environmentOf(spec),
    eventSource: eventMessageFile,
  };
}

/** What the spec asks for and the SCM does not keep, in words. */
export function notesOf(spec: ServiceSpec): string[] {
  const notes: string[] = [];
  const { restart, maxRestarts, delayMs } = spec.recovery;
  if (restart === 'always') {
    notes.push('The SCM restarts after a failure only: a service that stops with exit code 0 stays stopped');
  }
  if (restart !== 'never' && maxRestarts > maxActions) {
    notes.push(`The SCM restarts without end: ${maxRestarts} restarts are more than it can count`);
  }
  if (restart !== 'never' && delayMs > 0xffffffff) {
    notes.push('The wait before a restart is cut to 49 days');
  }
  if (spec.account.type === 'named' && spec.account.name.endsWith('$')) {
    notes.push(`The account ${spec.account.name} needs the right "Log on as a service"`);
  }
  return notes;
}

/** The directories of a service: the parent that they share can be read by the service, and written by administrators. */
export function directorySettings(spec: ServiceSpec): DirectorySetting[] {
  const { state, logs, config } = spec.directories;
  const sid = serviceSid(spec.name);
  const parents = new Set([state, logs, config].map(parentOf));
  return [
    ...[...parents].map((path) => ({ path, dacl: directorySddl(sid, 'read') })),
    { path: state, dacl: directorySddl(sid, 'modify') },
    { path: logs, dacl: directorySddl(sid, 'modify') },
    { path: config, dacl: directorySddl(sid, 'read') },
  ];
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')));
}

function checkName({ name, executable }: ServiceSpec): void {
  // MSDN, CreateService: at most 256 characters, and no slash of either kind.
  if (name.length === 0 || name.length > 256 || /[\\/]/.test(name)) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `The service name ${JSON.stringify(name)} is not one for Windows: at most 256 characters without slashes`,
    );
  }
  if (!/^[a-z]:\\/i.test(executable) || executable.includes('"')) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `The executable ${executable} of ${name} is not an absolute path on a drive of this machine; copy it to one`,
    );
  }
}

const builtInAccounts: Readonly<Record<string, string>> = {
  localsystem: 'LocalSystem',
  localservice: 'NT AUTHORITY\\LocalService',
  networkservice: 'NT AUTHORITY\\NetworkService',
};

function accountName(service: string, account: ServiceAccount): string {
  if (account.type === 'virtual') return `NT SERVICE\\${service}`;
  const builtIn = builtInAccounts[account.name.toLowerCase().replace(/^nt authority\\/, '')];
  if (builtIn) return builtIn;
  // A group-managed account has its password from the domain; NT SERVICE accounts have none.
  if (account.name.endsWith('$') || /^nt service\\/i.test(account.name)) return account.name;
  throw platformErrors.error(
    'MANAGER_INVALID_SPEC',
    `The account ${account.name} needs a password, which Mainstay does not keep; use the virtual account, LocalService, NetworkService, LocalSystem or a group-managed service account (its name ends in $)`,
  );
}

function failureActionsOf({ restart, delayMs, maxRestarts, windowMs }: RecoveryPolicy): FailureActions {
  if (restart === 'never') return { resetSeconds: 0, actions: [] };
  const again: FailureAction = { type: 'restart', delayMs: Math.min(Math.round(delayMs), 0xffffffff) };
  // The last action stands for all failures after it.
  const actions: FailureAction[] =
    maxRestarts > maxActions
      ? [again]
      : [...Array.from({ length: maxRestarts }, () => again), { type: 'none', delayMs: 0 }];
  return { resetSeconds: Math.max(1, Math.round(windowMs / 1000)), actions };
}

/** The directories go under the names that systemd uses, so that a service looks in one place on every platform. */
function environmentOf(spec: ServiceSpec): string[] {
  const { state, logs, config } = spec.directories;
  const all: Record<string, string> = {
    STATE_DIRECTORY: state,
    LOGS_DIRECTORY: logs,
    CONFIGURATION_DIRECTORY: config,
    ...spec.environment,
  };
  return Object.entries(all)
    .map(([name, value]) => {
      if (!/^[^=\0]+$/.test(name) || value.includes('\0')) {
        throw platformErrors.error(
          'MANAGER_INVALID_SPEC',
          `The environment variable ${JSON.stringify(name)} of ${spec.name} cannot be set: no "=" in its name and no zero character in its value`,
        );
      }
      return `${name}=${value}`;
    })
    .sort();
}
