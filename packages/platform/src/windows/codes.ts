import type { ServiceState } from '@mainstay/core';

// Values of winsvc.h, winuser.h and winerror.h; the MSDN page that explains each is named beside it.

/** MSDN: SERVICE_STATUS, dwCurrentState. */
export const stateCodes: Readonly<Record<ServiceState, number>> = {
  stopped: 1,
  'start-pending': 2,
  'stop-pending': 3,
  running: 4,
  'continue-pending': 5,
  'pause-pending': 6,
  paused: 7,
};

/** MSDN: SERVICE_STATUS, dwServiceType: a service in a process of its own. */
export const ownProcess = 0x10;

/** MSDN: HandlerEx, dwControl. */
export const ControlCode = {
  stop: 1,
  pause: 2,
  continue: 3,
  interrogate: 4,
  shutdown: 5,
  paramChange: 6,
  powerEvent: 13,
  sessionChange: 14,
  preshutdown: 15,
  firstCustom: 128,
  lastCustom: 255,
} as const;

/** MSDN: SERVICE_STATUS, dwControlsAccepted. */
export const Accept = {
  stop: 0x1,
  pauseContinue: 0x2,
  shutdown: 0x4,
  paramChange: 0x8,
  powerEvent: 0x40,
  sessionChange: 0x80,
  preshutdown: 0x100,
} as const;

/** MSDN: System Error Codes. */
export const Win32 = {
  success: 0,
  fileNotFound: 2,
  pathNotFound: 3,
  accessDenied: 5,
  sharingViolation: 32,
  callNotImplemented: 120,
  insufficientBuffer: 122,
  invalidLevel: 124,
  badExeFormat: 193,
  moreData: 234,
  dependentServicesRunning: 1051,
  invalidServiceControl: 1052,
  serviceRequestTimeout: 1053,
  serviceAlreadyRunning: 1056,
  invalidServiceAccount: 1057,
  serviceDisabled: 1058,
  serviceDoesNotExist: 1060,
  serviceCannotAcceptControl: 1061,
  serviceNotActive: 1062,
  failedServiceController: 1063,
  serviceSpecificError: 1066,
  processAborted: 1067,
  dependencyFailed: 1068,
  logonFailed: 1069,
  markedForDelete: 1072,
  serviceExists: 1073,
  dependencyDeleted: 1075,
  serviceNeverStarted: 1077,
  duplicateServiceName: 1078,
  shutdownInProgress: 1115,
  serverUnavailable: 1722,
  interfaceUnknown: 1717,
  procedureOutOfRange: 1733,
} as const;

/** MSDN: WM_WTSSESSION_CHANGE. */
export const sessionEvents = {
  1: 'console-connect',
  2: 'console-disconnect',
  3: 'remote-connect',
  4: 'remote-disconnect',
  5: 'logon',
  6: 'logoff',
  7: 'lock',
  8: 'unlock',
  9: 'remote-control',
  10: 'create',
  11: 'terminate',
} as const;

/** MSDN: WM_POWERBROADCAST. */
export const powerEvents = {
  0x4: 'suspend',
  0x7: 'resume',
  0xa: 'power-status-change',
  0x12: 'resume-automatic',
  0x8013: 'power-setting-change',
} as const;
