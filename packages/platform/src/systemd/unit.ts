import { ExitCode, type ServiceScope, type ServiceSpec } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { hardening, userHardening } from './hardening.ts';
import { ownerEntry, programCommands } from './program-unit.ts';
import { formatUnit, parseUnit, valuesOf, type UnitEntry } from './unit-file.ts';
import {
  escapeSpecifiers,
  formatCommand,
  formatEnvironment,
  formatText,
  quoteWord,
  splitWords,
  unescapeSpecifiers,
} from './unit-syntax.ts';

/** Added to the service's own deadline for its start, in ms: it should be the one that gives up first, and says why. */
const startGraceMs = 10_000;
/** Time for a core dump after the watchdog's SIGABRT, in ms. */
const abortTimeoutMs = 10_000;
/** Descriptors that a service may keep across restarts; 0, systemd's default, would refuse them. */
const maxStoredDescriptors = 64;

/** Section that systemd ignores (systemd.unit(5): "prefixed with X-") and that tells our units from others'. */
const ownSection = 'X-Mainstay';

/** Directories that systemd makes for the service below fixed places (systemd.exec(5), "RuntimeDirectory="). */
const managedDirectories = [
  { role: 'state', setting: 'StateDirectory', variable: 'STATE_DIRECTORY', below: '/var/lib', mode: '0700' },
  { role: 'logs', setting: 'LogsDirectory', variable: 'LOGS_DIRECTORY', below: '/var/log', mode: '0750' },
  {
    role: 'config',
    setting: 'ConfigurationDirectory',
    variable: 'CONFIGURATION_DIRECTORY',
    below: '/etc',
    mode: '0755',
  },
] as const;

const entry = (key: string, value: string): UnitEntry => ({ key, value });

/** Name of a service's unit. Throws MANAGER_INVALID_SPEC. */
export function unitName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,79}$/.test(name) || name.includes('..')) {
    throw platformErrors.error(
      'MANAGER_INVALID_SPEC',
      `Service name ${JSON.stringify(name)} cannot be a systemd unit: use a-z, 0-9, dots, underscores and dashes, at most 80`,
    );
  }
  return `${name}.service`;
}

/** What pulls a service in when the machine, or the user's session, starts (systemd.special(7)). */
export function targetOf(scope: ServiceScope): string {
  return scope === 'system' ? 'multi-user.target' : 'default.target';
}

/** The unit of a service, the same text for the same spec. Pure. Throws MANAGER_INVALID_SPEC. */
export function renderUnit(spec: ServiceSpec): string {
  const { name, scope } = spec;
  return formatUnit(
    [
      spec.program
        ? 'Written by the Mainstay agent, which undoes changes made here.'
        : `Written by \`${name} install\`, which undoes changes made here.`,
      `For your own settings: systemctl ${scope === 'user' ? '--user ' : ''}edit ${name}`,
    ],
    [
      { name: 'Unit', entries: unitSection(spec) },
      { name: 'Service', entries: serviceSection(spec) },
      { name: 'Install', entries: [entry('WantedBy', targetOf(scope))] },
      {
        name: ownSection,
        entries: [
          entry('Service', name),
          ...(spec.program ? [ownerEntry(spec.program)] : ownDirectories(spec)),
        ],
      },
    ],
  );
}

function ownDirectories({ directories: { state, logs, config } }: ServiceSpec): UnitEntry[] {
  return [entry('State', state), entry('Logs', logs), entry('Config', config)];
}

export interface OwnUnit {
  readonly directories: ServiceSpec['directories'];
  /** `ProgramSettings.owner`; undefined for a service that was installed by its own command. */
  readonly owner: string | undefined;
}

/** What is needed of an installed unit; undefined when it is not one of ours. */
export function readOwnUnit(text: string): OwnUnit | undefined {
  const sections = parseUnit(text);
  const value = (key: string): string | undefined => valuesOf(sections, ownSection, key)[0];
  if (value('Service') === undefined) return undefined;
  const owner = value('Owner');
  return {
    directories: { state: value('State') ?? '', logs: value('Logs') ?? '', config: value('Config') ?? '' },
    owner: owner === undefined ? undefined : splitWords(unescapeSpecifiers(owner))[0],
  };
}

function unitSection(spec: ServiceSpec): UnitEntry[] {
  const { displayName, description, scope, recovery, dependencies } = spec;
  const text = formatText(
    description && description !== displayName ? `${displayName}: ${description}` : displayName,
  );
  const entries = [entry('Description', text)];
  if (dependencies.length > 0) entries.push(entry('Requires', dependencies.map(dependencyUnit).join(' ')));
  const after = [...(scope === 'system' ? ['network.target'] : []), ...dependencies.map(dependencyUnit)];
  if (after.length > 0) entries.push(entry('After', after.join(' ')));
  // Counts starts (systemd.unit(5)), and the first of them is no restart.
  const burst = recovery.restart === 'never' ? 0 : recovery.maxRestarts + 1;
  entries.push(
    entry('StartLimitIntervalSec', timeSpan(burst === 0 ? 0 : recovery.windowMs)),
    entry('StartLimitBurst', String(Math.max(burst, 1))),
  );
  return entries;
}

function dependencyUnit(name: string): string {
  const hasType = /\.(service|socket|target|mount|automount|path|timer|device|swap|slice|scope)$/.test(name);
  return quoteWord(escapeSpecifiers(hasType ? name : `${name}.service`));
}

function serviceSection(spec: ServiceSpec): UnitEntry[] {
  const { recovery, watchdogMs, program } = spec;
  return [
    ...(program ? programCommands(spec, program) : serviceCommands(spec)),
    ...account(spec),
    ...(program ? [] : directories(spec)),
    ...Object.keys(spec.environment)
      .sort()
      .map((key) => entry('Environment', formatEnvironment(key, spec.environment[key] ?? ''))),
    entry('Restart', { always: 'always', 'on-failure': 'on-failure', never: 'no' }[recovery.restart]),
    entry('RestartSec', timeSpan(recovery.delayMs)),
    entry('TimeoutStartSec', timeSpan(spec.startTimeoutMs + startGraceMs)),
    entry('TimeoutStopSec', timeSpan(spec.stopTimeoutMs)),
    entry('TimeoutAbortSec', timeSpan(abortTimeoutMs)),
    ...(watchdogMs > 0 ? [entry('WatchdogSec', timeSpan(watchdogMs))] : []),
    ...(spec.delegate ? delegation : []),
    ...(program || spec.delegate ? [] : spec.scope === 'system' ? hardening : userHardening),
  ];
}

/**
 * Of a service that keeps other programs running. A delegated unit is not stopped when the kernel kills one of its
 * processes for memory (systemd.service(5), OOMPolicy), and bounds on tasks are each program's own.
 */
const delegation: readonly UnitEntry[] = [entry('Delegate', 'yes'), entry('TasksMax', 'infinity')];

/** How a Mainstay service is started and told to end. */
function serviceCommands(spec: ServiceSpec): UnitEntry[] {
  return [
    entry('Type', 'notify'),
    entry('NotifyAccess', 'main'),
    entry('ExecStart', formatCommand(spec.executable, spec.args)),
    entry('ExecReload', '/bin/kill -HUP $MAINPID'),
    // A wrong command line or configuration does not get better by trying again.
    entry('RestartPreventExitStatus', `${ExitCode.usage} ${ExitCode.notConfigured}`),
    ...endOfRest(spec),
    entry('FileDescriptorStoreMax', String(maxStoredDescriptors)),
  ];
}

/**
 * The service stops its own children, in its own order; what is left after it is killed. With `mixed` that is before
 * anything else when the main process dies by itself (systemd.kill(5)), with `process` never: then the command has to
 * wait until the rest has gone, which TimeoutStopSec bounds.
 */
function endOfRest({ afterEnd }: ServiceSpec): UnitEntry[] {
  if (afterEnd === undefined) return [entry('KillMode', 'mixed')];
  const [executable, ...args] = afterEnd;
  return [entry('KillMode', 'process'), entry('ExecStopPost', formatCommand(executable, args))];
}

function account(spec: ServiceSpec): UnitEntry[] {
  if (spec.scope === 'user') return [];
  if (spec.account.type === 'virtual') return [entry('DynamicUser', 'yes')];
  const { name } = spec.account;
  // systemd.exec(5), "User/Group Name Syntax", in its relaxed form without what would be a specifier.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,30}\$?$/.test(name)) {
    throw platformErrors.error('MANAGER_INVALID_SPEC', `Account ${JSON.stringify(name)} is not a user name`);
  }
  return [entry('User', name)];
}

function directories(spec: ServiceSpec): UnitEntry[] {
  const entries = [entry('RuntimeDirectory', spec.name), entry('RuntimeDirectoryMode', '0700')];
  for (const { role, setting, variable, below, mode } of managedDirectories) {
    const path = spec.directories[role];
    const relative =
      spec.scope === 'system' && path.startsWith(`${below}/`) ? path.slice(below.length + 1) : '';
    if (relative !== '') {
      entries.push(entry(setting, quoteWord(escapeSpecifiers(relative))), entry(`${setting}Mode`, mode));
      continue;
    }
    // A user's manager puts these elsewhere from one version to the next: made at install, and named here.
    entries.push(entry('Environment', formatEnvironment(variable, path)));
    if (spec.scope === 'system' && role !== 'config') {
      if (spec.account.type === 'virtual') throw notManaged(path, below);
      entries.push(entry('ReadWritePaths', quoteWord(escapeSpecifiers(path))));
    }
  }
  return entries;
}

function notManaged(path: string, below: string): Error {
  return platformErrors.error(
    'MANAGER_INVALID_SPEC',
    `Directory ${path} cannot belong to a virtual account; keep it below ${below}, or use a named account`,
  );
}

/** systemd.time(7): `30s`, `1500ms`. */
export function timeSpan(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${whole}ms`;
}
