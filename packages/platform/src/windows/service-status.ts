import type { ServiceState } from '@mainstay/core';
import { ownProcess, stateCodes, Win32 } from './codes.ts';

/** MSDN: SERVICE_STATUS, seven DWORDs. */
export interface ServiceStatus {
  readonly state: ServiceState;
  readonly controlsAccepted: number;
  /** ERROR_SUCCESS, or ERROR_SERVICE_SPECIFIC_ERROR when `specificExitCode` says more. */
  readonly exitCode: number;
  readonly specificExitCode: number;
  readonly checkpoint: number;
  /** Milliseconds. */
  readonly waitHint: number;
}

/** MSDN: SERVICE_STATUS_PROCESS, nine DWORDs. */
export interface ServiceProcessStatus extends ServiceStatus {
  /** 0 when there is no process. */
  readonly pid: number;
}

export const serviceStatusBytes = 28;
export const serviceStatusProcessBytes = 36;

const states = new Map<number, ServiceState>(
  Object.entries(stateCodes).map(([state, code]) => [code, state as ServiceState]),
);

export function encodeServiceStatus(status: ServiceStatus): Buffer {
  const { state, controlsAccepted, exitCode, specificExitCode, checkpoint, waitHint } = status;
  const words = [
    ownProcess,
    stateCodes[state],
    controlsAccepted,
    exitCode,
    specificExitCode,
    checkpoint,
    waitHint,
  ];
  const buffer = Buffer.alloc(serviceStatusBytes);
  words.forEach((word, index) => buffer.writeUInt32LE(word >>> 0, index * 4));
  return buffer;
}

export function decodeServiceStatusProcess(buffer: Buffer): ServiceProcessStatus {
  const word = (index: number) => buffer.readUInt32LE(index * 4);
  return {
    state: states.get(word(1)) ?? 'stopped',
    controlsAccepted: word(2),
    exitCode: word(3),
    specificExitCode: word(4),
    checkpoint: word(5),
    waitHint: word(6),
    pid: word(7),
  };
}

/**
 * How a process's exit code is told to the SCM. Non-zero in either field, together with the failure-actions flag, makes
 * the recovery actions run after an orderly end too (MSDN: SERVICE_FAILURE_ACTIONS_FLAG).
 */
export function exitFields(code: number): Pick<ServiceStatus, 'exitCode' | 'specificExitCode'> {
  return code === 0
    ? { exitCode: Win32.success, specificExitCode: 0 }
    : { exitCode: Win32.serviceSpecificError, specificExitCode: code };
}

/** The exit code as the process gave it; undefined when it never ran, or ended without saying so. */
export function exitCodeOf(status: ServiceStatus): number | undefined {
  switch (status.exitCode) {
    case Win32.serviceSpecificError:
      return status.specificExitCode;
    case Win32.serviceNeverStarted:
    case Win32.processAborted:
      return undefined;
    default:
      return status.exitCode;
  }
}
