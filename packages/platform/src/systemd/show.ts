import { constants } from 'node:os';
import type { ManagedRun, ManagedState, ManagedUsage, ServiceInfo } from '@mainstay/core';
import { parseStatusText } from './status-text.ts';

/** What is asked of `systemctl show`. */
export const shownProperties = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'ExecMainCode',
  'ExecMainStatus',
  'ExecMainExitTimestamp',
  'NRestarts',
  'StatusText',
  'StateChangeTimestamp',
  'UnitFileState',
  'FragmentPath',
  'DropInPaths',
  'NeedDaemonReload',
  'InvocationID',
  'ExecMainStartTimestamp',
  'MemoryCurrent',
  'CPUUsageNSec',
  'TasksCurrent',
] as const;

export type ShownProperty = (typeof shownProperties)[number];
export type Shown = Readonly<Partial<Record<ShownProperty, string>>>;

/** `Key=value` lines. */
export function parseShow(output: string): Shown {
  const shown: Record<string, string> = {};
  for (const line of output.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) shown[line.slice(0, at)] = line.slice(at + 1);
  }
  return shown;
}

/** The units of one `systemctl show` of several, which are separated by empty lines. Pure. */
export function parseShows(output: string): Shown[] {
  return output
    .trim()
    .split(/\n{2,}/)
    .filter(Boolean)
    .map(parseShow);
}

/** A unit's properties in the words of the lifecycle. Timestamps are asked for with `--timestamp=unix`. Pure. */
export function serviceInfo(name: string, shown: Shown): ServiceInfo {
  const state = managedState(shown);
  const pid = Number(shown.MainPID ?? 0);
  const status = parseStatusText(shown.StatusText ?? '');
  const hasEnded = Boolean(unixTime(shown.ExecMainExitTimestamp));
  // si_code of waitid(2): 1 CLD_EXITED, 2 CLD_KILLED, 3 CLD_DUMPED.
  const endedBySignal = shown.ExecMainCode === '2' || shown.ExecMainCode === '3';
  const code = Number(shown.ExecMainStatus ?? 0);
  const isInstalled = state !== 'not-installed';
  const run = managedRun(shown);
  return {
    name,
    state,
    pid: pid > 0 ? pid : undefined,
    enabled: isInstalled && /^(?:enabled|enabled-runtime|static|alias)$/.test(shown.UnitFileState ?? ''),
    exitCode: hasEnded && shown.ExecMainCode === '1' ? code : undefined,
    exitSignal: hasEnded && endedBySignal ? signalName(code) : undefined,
    text: pid > 0 ? (status?.text ?? shown.StatusText ?? '') : outcome(shown),
    since: unixTime(shown.StateChangeTimestamp),
    restarts: isInstalled ? Number(shown.NRestarts ?? 0) : undefined,
    definition: shown.FragmentPath || undefined,
    ...(run && { run }),
  };
}

function managedRun(shown: Shown): ManagedRun | undefined {
  if (!shown.InvocationID) return undefined;
  return {
    id: shown.InvocationID,
    startedAt: unixTime(shown.ExecMainStartTimestamp),
    outOfMemory: shown.Result === 'oom-kill',
    usage: usageOf(shown),
  };
}

/** `[not set]` where it is not counted; 2^64 - 1 in older versions. */
function usageOf(shown: Shown): ManagedUsage | undefined {
  const count = (text: string | undefined): number | undefined =>
    text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const memoryBytes = count(shown.MemoryCurrent);
  const nanoseconds = count(shown.CPUUsageNSec);
  const processes = count(shown.TasksCurrent);
  if (memoryBytes === undefined && nanoseconds === undefined && processes === undefined) return undefined;
  return { memoryBytes: memoryBytes ?? 0, cpuMs: (nanoseconds ?? 0) / 1e6, processes: processes ?? 0 };
}

/** True while the service's own reload runs. */
export function isReloading(shown: Shown): boolean {
  return shown.ActiveState === 'reloading' || parseStatusText(shown.StatusText ?? '')?.reloading === true;
}

function managedState(shown: Shown): ManagedState {
  if (shown.LoadState === undefined || shown.LoadState === 'not-found') return 'not-installed';
  switch (shown.ActiveState) {
    case 'active':
    case 'reloading': {
      const state = parseStatusText(shown.StatusText ?? '')?.state;
      const isKnown = state === 'pause-pending' || state === 'paused' || state === 'continue-pending';
      return isKnown ? state : 'running';
    }
    case 'activating':
      return 'start-pending';
    case 'deactivating':
      return 'stop-pending';
    case 'failed':
      return 'failed';
    default:
      return 'stopped';
  }
}

/** Why a unit failed, in systemd's word (systemd.exec(5), $SERVICE_RESULT). */
function outcome(shown: Shown): string {
  const { Result: result = 'success', SubState: sub } = shown;
  const failed = result === 'success' ? '' : `Failed: ${result}`;
  return sub === 'auto-restart' ? `${failed || 'Ended'}; systemd starts it again` : failed;
}

/** Milliseconds since the epoch of `@1700000000`. */
function unixTime(text: string | undefined): number | undefined {
  const match = /^@(\d+)$/.exec(text ?? '');
  return match && match[1] !== '0' ? Number(match[1]) * 1000 : undefined;
}

function signalName(number: number): string {
  const names = Object.entries(constants.signals);
  return names.find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
