import type { ManagedState, ServiceInfo } from '@mainstay/core';
import { endingText } from './failures.ts';
import { serviceKey } from './installed.ts';
import { processStartTime } from './process-times.ts';
import { exitCodeOf, type ServiceProcessStatus } from './service-status.ts';

const automaticStart = 2;

/** What the SCM says of a service, in the words of every manager. */
export function serviceInfo(
  name: string,
  status: ServiceProcessStatus,
  startType: number,
): ServiceInfo & { readonly checkpoint: number } {
  const ending =
    status.state === 'stopped' ? endingText(status.exitCode, status.specificExitCode) : undefined;
  const state: ManagedState = ending === undefined ? status.state : 'failed';
  return {
    name,
    state,
    pid: status.pid || undefined,
    enabled: startType === automaticStart,
    exitCode: status.state === 'stopped' ? exitCodeOf(status) : undefined,
    exitSignal: undefined,
    text: ending ?? '',
    since: status.pid ? processStartTime(status.pid) : undefined,
    restarts: undefined,
    definition: `HKLM\\${serviceKey(name)}`,
    checkpoint: status.checkpoint,
  };
}

export function notInstalled(name: string): ServiceInfo {
  return {
    name,
    state: 'not-installed',
    pid: undefined,
    enabled: false,
    exitCode: undefined,
    exitSignal: undefined,
    text: '',
    since: undefined,
    restarts: undefined,
    definition: undefined,
  };
}
