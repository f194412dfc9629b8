import { ffi } from '../ffi/index.ts';
import type { InstalledSettings, SettingName } from './differences.ts';
import {
  readRegistry,
  deleteRegistryValue,
  hasRegistryKey,
  writeRegistry,
  deleteRegistryKey,
} from './registry.ts';
import type { ServiceBasics, ServiceHandle } from './service-api.ts';
import {
  ConfigLevel,
  decodeFailureActions,
  decodeText,
  decodeTexts,
  encodeFailureActions,
  encodeNumber,
  encodeText,
  encodeTexts,
} from './service-config.ts';
import type { ScmSettings, SidType, StartType } from './settings.ts';

const services = 'SYSTEM\\CurrentControlSet\\Services';
const sidTypes: readonly SidType[] = ['none', 'unrestricted'];
const restrictedSid = 3;

/** Where the SCM keeps what it knows of a service; `query` shows it to people. */
export function serviceKey(name: string): string {
  return `${services}\\${name}`;
}

function eventSourceKey(name: string): string {
  return `${services}\\EventLog\\Application\\${name}`;
}

/** Reads all settings; what this system does not have is missing from the result. */
export function readSettings(name: string, service: ServiceHandle): InstalledSettings {
  const { displayName, imagePath, account, dependencies, startType } = service.config();
  const settings: { -readonly [Name in SettingName]?: ScmSettings[Name] } = {
    displayName,
    imagePath,
    account,
    // Wine keeps them, but does not give them back.
    dependencies: dependencies.length > 0 ? dependencies : readDependencies(name),
    startType: startTypeOf(startType, readNumber(service, ConfigLevel.delayedAutoStart) === 1),
    environment: readEnvironment(name),
    eventSource: readText(eventSourceKey(name), 'EventMessageFile'),
  };
  const description = service.level(ConfigLevel.description);
  if (description) settings.description = decodeText(description.buffer, description.address);
  const actions = service.level(ConfigLevel.failureActions);
  if (actions) settings.failureActions = decodeFailureActions(actions.buffer, actions.address);
  const flag = readNumber(service, ConfigLevel.failureActionsFlag);
  if (flag !== undefined) settings.failureActionsFlag = flag !== 0;
  const preshutdown = readNumber(service, ConfigLevel.preshutdown);
  if (preshutdown !== undefined) settings.preshutdownTimeoutMs = preshutdown;
  const sid = readNumber(service, ConfigLevel.serviceSid);
  if (sid !== undefined) settings.sidType = sid === restrictedSid ? 'restricted' : (sidTypes[sid] ?? 'none');
  const privileges = service.level(ConfigLevel.requiredPrivileges);
  if (privileges) settings.requiredPrivileges = decodeTexts(privileges.buffer, privileges.address);
  return settings;
}

export function basicsOf(settings: ScmSettings): ServiceBasics {
  const { displayName, imagePath, account, dependencies, startType } = settings;
  return { displayName, imagePath, account, dependencies, startType: startTypeCode(startType) };
}

/** Sets those of the settings that are named; the others stay as they are. */
export function writeSettings(
  name: string,
  service: ServiceHandle,
  settings: ScmSettings,
  names: ReadonlySet<SettingName>,
): void {
  const basics = basicsOf(settings);
  const changed: { -readonly [Key in keyof ServiceBasics]?: ServiceBasics[Key] } = {};
  if (names.has('displayName')) changed.displayName = basics.displayName;
  if (names.has('imagePath')) changed.imagePath = basics.imagePath;
  if (names.has('startType')) changed.startType = basics.startType;
  if (names.has('account')) changed.account = basics.account;
  if (names.has('dependencies')) changed.dependencies = basics.dependencies;
  if (Object.keys(changed).length > 0) service.change(changed);
  if (names.has('startType')) {
    const delayed = settings.startType === 'automatic (delayed)';
    // Only an automatic start can be delayed (MSDN: SERVICE_DELAYED_AUTO_START_INFO).
    if (basics.startType === 2)
      service.changeLevel(ConfigLevel.delayedAutoStart, encodeNumber(delayed ? 1 : 0));
  }
  for (const [setting, level, encode] of levels) {
    if (names.has(setting)) service.changeLevel(level, encode(settings));
  }
  if (names.has('environment')) writeEnvironment(name, settings.environment);
  if (names.has('eventSource')) writeEventSource(name, settings.eventSource);
}

const addressOf = (buffer: Buffer): bigint => ffi().address(buffer);

const levels: readonly (readonly [SettingName, number, (settings: ScmSettings) => Buffer])[] = [
  ['description', ConfigLevel.description, ({ description }) => encodeText(description, addressOf)],
  [
    'failureActions',
    ConfigLevel.failureActions,
    ({ failureActions }) => encodeFailureActions(failureActions, addressOf),
  ],
  [
    'failureActionsFlag',
    ConfigLevel.failureActionsFlag,
    ({ failureActionsFlag }) => encodeNumber(failureActionsFlag ? 1 : 0),
  ],
  [
    'preshutdownTimeoutMs',
    ConfigLevel.preshutdown,
    ({ preshutdownTimeoutMs }) => encodeNumber(preshutdownTimeoutMs),
  ],
  ['sidType', ConfigLevel.serviceSid, ({ sidType }) => encodeNumber(sidTypes.indexOf(sidType))],
  [
    'requiredPrivileges',
    ConfigLevel.requiredPrivileges,
    ({ requiredPrivileges }) => encodeTexts(requiredPrivileges, addressOf),
  ],
];

/** What is not part of the service itself and stays when it is deleted. */
export function hasEventSource(name: string): boolean {
  return hasRegistryKey(eventSourceKey(name));
}

export function removeEventSource(name: string): void {
  deleteRegistryKey(eventSourceKey(name));
}

function writeEventSource(name: string, file: string): void {
  const key = eventSourceKey(name);
  writeRegistry(key, 'EventMessageFile', { type: 'expandable', data: file });
  // Error, warning and information.
  writeRegistry(key, 'TypesSupported', { type: 'number', data: 7 });
  // Marks a source that is not the owner of its message file.
  writeRegistry(key, 'CustomSource', { type: 'number', data: 1 });
}

function readDependencies(name: string): readonly string[] {
  const value = readRegistry(serviceKey(name), 'DependOnService');
  return value?.type === 'list' ? value.data : [];
}

function readEnvironment(name: string): readonly string[] {
  const value = readRegistry(serviceKey(name), 'Environment');
  return value?.type === 'list' ? [...value.data].sort() : [];
}

function writeEnvironment(name: string, environment: readonly string[]): void {
  if (environment.length === 0) deleteRegistryValue(serviceKey(name), 'Environment');
  else writeRegistry(serviceKey(name), 'Environment', { type: 'list', data: environment });
}

function readText(key: string, name: string): string {
  const value = readRegistry(key, name);
  return value?.type === 'text' || value?.type === 'expandable' ? value.data : '';
}

function readNumber(service: ServiceHandle, level: number): number | undefined {
  return service.level(level)?.buffer.readUInt32LE(0);
}

/** MSDN: SERVICE_AUTO_START, SERVICE_DEMAND_START, SERVICE_DISABLED. */
function startTypeCode(type: StartType): number {
  if (type === 'manual') return 3;
  return type === 'disabled' ? 4 : 2;
}

function startTypeOf(code: number, delayed: boolean): StartType {
  if (code === 2) return delayed ? 'automatic (delayed)' : 'automatic';
  return code === 4 ? 'disabled' : 'manual';
}
