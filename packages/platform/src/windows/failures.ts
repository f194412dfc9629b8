import { isAppError } from '@mainstay/core';
import { platformErrors } from '../errors.ts';
import { Win32 } from './codes.ts';
import { codeOf } from './service-api.ts';

type PlatformCode = keyof typeof platformErrors.entries;

/** What a code of the SCM means for whoever asked; `{name}` is the service. MSDN: System Error Codes. */
const meanings: Readonly<Record<number, readonly [PlatformCode, string]>> = {
  [Win32.accessDenied]: [
    'MANAGER_NO_PRIVILEGE',
    'Windows denied access to the service {name}; do it in a terminal that was opened as administrator',
  ],
  [Win32.fileNotFound]: ['MANAGER_START_FAILED', 'The executable of {name} is not there; install it again'],
  [Win32.pathNotFound]: ['MANAGER_START_FAILED', 'The executable of {name} is not there; install it again'],
  [Win32.badExeFormat]: [
    'MANAGER_START_FAILED',
    'The executable of {name} is not one for this Windows; build it for the architecture of this machine',
  ],
  [Win32.dependentServicesRunning]: [
    'MANAGER_STOP_FAILED',
    'Other services that run depend on {name}; stop them first',
  ],
  [Win32.invalidServiceControl]: [
    'MANAGER_CONTROL_REFUSED',
    'The service {name} does not take this control; it has no handler for it, or is not in the state for it',
  ],
  [Win32.callNotImplemented]: [
    'MANAGER_CONTROL_REFUSED',
    'The service {name} has no handler for this control',
  ],
  [Win32.serviceRequestTimeout]: [
    'MANAGER_START_FAILED',
    'The process of {name} did not connect to Windows in time (30 s, or ServicesPipeTimeout); see its log, and whether a scanner holds up its executable',
  ],
  [Win32.invalidServiceAccount]: [
    'MANAGER_INVALID_SPEC',
    'The account of {name} is unknown to this machine, or not allowed for a service',
  ],
  [Win32.serviceDisabled]: [
    'MANAGER_START_FAILED',
    'The service {name} is disabled; install it again to enable it',
  ],
  [Win32.serviceDoesNotExist]: [
    'MANAGER_NOT_INSTALLED',
    'The service {name} is not installed; install it first',
  ],
  [Win32.serviceCannotAcceptControl]: [
    'MANAGER_CONTROL_REFUSED',
    'The service {name} cannot take this control while it is starting or stopping; try again when it has ended',
  ],
  [Win32.serviceNotActive]: ['MANAGER_NOT_RUNNING', 'The service {name} does not run; start it first'],
  [Win32.processAborted]: ['MANAGER_START_FAILED', 'The process of {name} ended unexpectedly; see its log'],
  [Win32.dependencyFailed]: [
    'MANAGER_START_FAILED',
    'A service that {name} depends on did not start; see the state of its dependencies',
  ],
  [Win32.logonFailed]: [
    'MANAGER_START_FAILED',
    'The account of {name} could not log on; check that it exists and has the right "Log on as a service"',
  ],
  [Win32.markedForDelete]: [
    'MANAGER_MARKED_FOR_DELETION',
    'The service {name} is deleted but not gone, as some program holds on to it; close the Services console, Event Viewer, Task Manager and Process Explorer, or restart the machine, and try again',
  ],
  [Win32.serviceExists]: ['MANAGER_INVALID_SPEC', 'A service {name} was installed by somebody else just now'],
  [Win32.dependencyDeleted]: [
    'MANAGER_START_FAILED',
    'A service that {name} depends on is not installed; install it, or change the dependencies',
  ],
  [Win32.duplicateServiceName]: [
    'MANAGER_INVALID_SPEC',
    'The display name of {name} belongs to another service; choose another one',
  ],
  [Win32.shutdownInProgress]: ['MANAGER_UNAVAILABLE', 'Windows is shutting down; {name} was left as it is'],
  [Win32.serverUnavailable]: ['MANAGER_UNAVAILABLE', 'The service control manager does not answer'],
};

/** Does something with a service, and puts what Windows says of it into words. */
export function explained<Result>(name: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw explain(name, error);
  }
}

/** The error in the words of the platform's table; anything else stays what it is. */
export function explain(name: string, error: unknown): unknown {
  if (!isAppError(error) || error.code !== 'WINDOWS_CALL_FAILED') return error;
  const code = codeOf(error);
  const meaning = code === undefined ? undefined : meanings[code];
  if (!meaning) return error;
  const [platformCode, text] = meaning;
  const message = `${text.replace('{name}', name)} (Windows error ${code})`;
  return platformErrors.error(platformCode, message, { cause: error, details: { service: name, code } });
}

/** In words, why a service that has stopped did not end well; undefined when it did. */
export function endingText(exitCode: number, specificExitCode: number): string | undefined {
  switch (exitCode) {
    case Win32.success:
    case Win32.serviceNeverStarted:
      return undefined;
    case Win32.serviceSpecificError:
      return `It ended with exit code ${specificExitCode}`;
    case Win32.processAborted:
      return 'Its process ended unexpectedly (Windows error 1067)';
    default:
      return `It ended with Windows error ${exitCode}`;
  }
}
