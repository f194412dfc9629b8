import type { ServiceManager } from '@mainstay/core';

import type { RunnerCapabilities } from '../runner/types.ts';
import { machineFacts, unheldLimitsOf } from './unheld-limits.ts';

const noStdin = 'a service of the operating system has no standard input; use a signal or a command';
const noHttp =
  'the service manager can send a signal or run a command, and has to be able to stop it without the agent; use a command such as curl';

/** What can be had of a manager on this machine. */
export function capabilitiesOf(
  manager: Pick<ServiceManager, 'kind' | 'scope'>,
  hasHost: boolean,
): RunnerCapabilities {
  const isWindows = manager.kind === 'scm';
  return {
    unheldLimits: unheldLimitsOf(manager, machineFacts(hasHost)),
    unavailableStops: {
      // The host on Windows stops as the process runner does.
      ...(isWindows && hasHost ? {} : { stdin: noStdin, http: noHttp }),
      ...(!isWindows && { window: 'there are windows on Windows only' }),
      ...(manager.kind === 'launchd' && {
        command: 'launchd ends a job by SIGTERM alone',
      }),
    },
    // The journal has it, or the manager's log file: `readNativeLogs`.
    capturesOutput: false,
    // Sockets are passed by systemd's own socket units only.
    passesSockets: false,
    changesUser: manager.scope === 'system' && !isWindows,
    survivesAgent: true,
  };
}
