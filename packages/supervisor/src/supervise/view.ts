import type { ServiceState } from '@mainstay/core';

import type { RestartPhase } from '../restart/policy.ts';

/** Everything that is shown of one service; what is not known is undefined. */
export interface ServiceView {
  readonly name: string;
  readonly phase: RestartPhase;
  /** The state that the process reports; undefined without a process. */
  readonly state: ServiceState | undefined;
  readonly pid: number | undefined;
  readonly uptimeMs: number | undefined;
  readonly restarts: number;
  /** Why it will not be started again. */
  readonly reason: string | undefined;
  /** Status text of the service. */
  readonly text: string;
  readonly health: 'ok' | 'degraded' | 'failed' | undefined;
  /** Of one core. */
  readonly cpuPercent: number | undefined;
  readonly rssBytes: number | undefined;
}

/** One word for people. */
export function stateOf(view: ServiceView): string {
  switch (view.phase) {
    case 'idle':
      return 'idle';
    case 'waiting':
      return 'restarting';
    case 'active':
    case 'stopping':
      return stateWords[view.state ?? 'start-pending'];
    default:
      return view.phase;
  }
}

const stateWords: Readonly<Record<ServiceState, string>> = {
  stopped: 'ended',
  'start-pending': 'starting',
  running: 'running',
  'pause-pending': 'pausing',
  paused: 'paused',
  'continue-pending': 'resuming',
  'stop-pending': 'stopping',
};
