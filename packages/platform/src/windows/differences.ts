import type { ServiceChange } from '@mainstay/core';
import type { FailureActions } from './service-config.ts';
import type { ScmSettings } from './settings.ts';

/** What is installed; a setting that this system does not have is missing. */
export type InstalledSettings = Partial<ScmSettings>;

export type SettingName = keyof ScmSettings;

const labels: Readonly<Record<SettingName, string>> = {
  displayName: 'display name',
  description: 'description',
  imagePath: 'image path',
  startType: 'start type',
  account: 'account',
  dependencies: 'dependencies',
  failureActions: 'failure actions',
  failureActionsFlag: 'failure actions after a reported failure',
  preshutdownTimeoutMs: 'preshutdown time-out',
  sidType: 'service SID',
  requiredPrivileges: 'required privileges',
  environment: 'environment',
  eventSource: 'event source',
};

/** A running process only gets these when it is started again. */
const needRestart: ReadonlySet<SettingName> = new Set<SettingName>([
  'imagePath',
  'account',
  'sidType',
  'requiredPrivileges',
  'environment',
]);

export interface SettingDifference {
  readonly name: SettingName;
  readonly change: ServiceChange;
  readonly needsRestart: boolean;
}

/** What differs between what is wanted and what is installed, in the order of the labels. */
export function differences(
  service: string,
  wanted: ScmSettings,
  installed: InstalledSettings | undefined,
): SettingDifference[] {
  const found: SettingDifference[] = [];
  for (const name of settingNames) {
    // Nothing to compare with: the system does not know the setting.
    if (installed && !(name in installed)) continue;
    const after = show(name, wanted);
    const before = installed && show(name, installed);
    if (isSame(name, before, after)) continue;
    found.push({
      name,
      needsRestart: needRestart.has(name),
      change: { what: `${service}: ${labels[name]}`, before: before || undefined, after },
    });
  }
  return found;
}

/** The settings that this system does not have, in words. */
export function missingSettings(installed: InstalledSettings): string[] {
  return settingNames
    .filter((name) => !(name in installed))
    .map((name) => `This system has no setting "${labels[name]}": it is not kept`);
}

export const settingNames = Object.keys(labels) as readonly SettingName[];

/** One setting, for people; equal settings look the same. */
export function show(name: SettingName, settings: InstalledSettings): string {
  const value = settings[name];
  if (value === undefined) return '';
  if (name === 'failureActions') return showFailureActions(value as FailureActions);
  if (name === 'preshutdownTimeoutMs') return `${Number(value)} ms`;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return (value as readonly string[]).join(name === 'environment' ? '\n' : ', ');
}

function isSame(name: SettingName, before: string | undefined, after: string): boolean {
  if (before === undefined) return false;
  // Names of accounts and services have no case.
  if (name === 'account' || name === 'dependencies') return before.toLowerCase() === after.toLowerCase();
  return before === after;
}

function showFailureActions({ resetSeconds, actions }: FailureActions): string {
  if (actions.length === 0) return 'none';
  const runs: { text: string; count: number }[] = [];
  for (const { type, delayMs } of actions) {
    const text = type === 'none' ? 'none' : `restart after ${delayMs} ms`;
    const last = runs.at(-1);
    if (last?.text === text) last.count += 1;
    else runs.push({ text, count: 1 });
  }
  const shown = runs.map(({ text, count }) => (count === 1 ? text : `${count} × ${text}`)).join(', then ');
  return `${shown}; counted anew after ${resetSeconds} s`;
}
