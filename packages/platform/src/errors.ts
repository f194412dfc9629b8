import { defineErrors, ExitCode } from '@mainstay/core';

/** Everything that service managers, hosts and the file system can refuse. */
export const platformErrors = defineErrors('platform', {
  MANAGER_NOT_INSTALLED: {
    kind: 'operator',
    summary: 'The service manager does not know the service',
    action: 'Run `install` first, or check the name and the scope (`--user`)',
    exitCode: ExitCode.notInstalled,
  },
  MANAGER_NO_PRIVILEGE: {
    kind: 'operator',
    summary: 'The service manager wants more privilege than this user has',
    action: 'Run the command that the message shows, or use `--user`',
    exitCode: ExitCode.noPrivilege,
  },
  MANAGER_NOT_RUNNING: {
    kind: 'operator',
    summary: 'The service does not run, and what was asked for needs it to',
    action: 'Start it first',
    exitCode: ExitCode.needsRunning,
  },
  MANAGER_TIMEOUT: {
    kind: 'environment',
    summary: 'The service did not reach the wanted state in time',
    action: 'Look at `logs` and `status`; raise the time-out when the service is only slow',
  },
  MANAGER_START_FAILED: {
    kind: 'environment',
    summary: 'The service did not start, or ended right after its start',
    action: 'Look at `logs`: the reason is in the last lines',
  },
  MANAGER_STOP_FAILED: {
    kind: 'environment',
    summary: 'The service manager could not stop the service, or it ended with a failure',
    action: 'Look at `logs` and `status`',
  },
  MANAGER_CONTROL_REFUSED: {
    kind: 'operator',
    summary: 'The service has no handler for the control, or cannot take it in its state',
    action: 'Look at `status`; only what the service implements can be asked of it',
  },
  MANAGER_UNSUPPORTED: {
    kind: 'operator',
    summary: 'This service manager has no such operation',
    action: 'Use what the message names instead',
  },
  MANAGER_UNAVAILABLE: {
    kind: 'environment',
    summary: 'There is no service manager on this machine, or it does not answer',
    action: 'Use `run` to run the service in the foreground',
  },
  MANAGER_COMMAND_FAILED: {
    kind: 'environment',
    summary: "A command of the service manager's failed",
    action: 'Read its output in the message; nothing more is known',
  },
  MANAGER_INVALID_SPEC: {
    kind: 'operator',
    summary: 'A setting of the service cannot be expressed for this service manager',
    action: 'Change the value that the message names',
  },
  MANAGER_DEFINITION_REJECTED: {
    kind: 'bug',
    summary: 'The generated service definition does not pass the verifier of the service manager',
    action: 'Report it together with the message; nothing was installed',
  },
  MANAGER_EXECUTABLE_UNREACHABLE: {
    kind: 'operator',
    summary: "The service's account cannot read and run the executable",
    action: 'Move it where every user can read it, such as /opt or /usr/local/lib, or choose another account',
  },
  MANAGER_NAME_TAKEN: {
    kind: 'operator',
    summary: 'A service, or a user, of this name exists and is not of our making',
    action: 'Choose another name with `--name`',
  },
  MANAGER_MASKED: {
    kind: 'operator',
    summary: 'An administrator has masked the unit so that nothing can start it',
    action: 'Undo it with `systemctl unmask NAME` when that is no longer wanted',
  },
  CONTROL_SOCKET_FAILED: {
    kind: 'environment',
    summary: 'The control socket of a running service could not be reached, or its answer not be read',
    action: 'Check that the service runs and that this user may write to its socket',
  },
  FILE_WRITE_FAILED: {
    kind: 'environment',
    summary: 'A file could not be written; what was there before is untouched',
    action: 'Check space, permissions and whether the file system is mounted read-only',
  },
  FFI_UNAVAILABLE: {
    kind: 'environment',
    summary: 'The library for calls into the operating system could not be loaded',
    action: 'Give the process a directory that it can write and execute from; from source, run `npm ci`',
  },
  FFI_TAMPERED: {
    kind: 'environment',
    summary: 'The library for calls into the operating system is not the one that was built in',
    action:
      'Find out who changed it; then remove the file that the message names, or copy the executable again',
  },
  WINDOWS_CALL_FAILED: {
    kind: 'environment',
    summary: 'A function of Windows failed in a way that has no code of its own here',
    action: 'Look the Windows error code of the message up (`net helpmsg CODE`)',
  },
  PROGRAM_CANNOT_BE_ASKED: {
    kind: 'operator',
    summary: 'A running program cannot be asked to end in the way that was chosen',
    action: 'Choose a way that it hears, as the message says',
  },
  MANAGER_MARKED_FOR_DELETION: {
    kind: 'environment',
    summary: 'The service is deleted, but some program holds on to it, so Windows keeps it',
    action:
      'Close the Services console, Event Viewer, Task Manager and Process Explorer, or restart the machine',
  },
  MANAGER_FOREIGN_DIRECTORY: {
    kind: 'environment',
    summary: "A directory of the service's was there before, and belongs to an ordinary user",
    action: 'Look through it; then remove it, or give it to the administrators',
  },
  CONTAINMENT_NO_USER: {
    kind: 'operator',
    summary: 'The account that a program is to run as does not exist',
    action: 'Create it, or correct `user` in the manifest',
  },
  CONTAINMENT_FAILED: {
    kind: 'environment',
    summary: 'The control group of a program could not be made, or a limit not be set',
    action: 'Look at the message: it names the file that the kernel refused',
  },
  SOCKET_PORT_IN_USE: {
    kind: 'environment',
    summary: 'A port that the agent should listen on is taken by another program',
    action: 'Stop the program that the message names, or use another port',
  },
  SOCKET_NO_PERMISSION: {
    kind: 'operator',
    summary: 'This account may not listen on the port',
    action: 'Use a port above 1023, or run the agent as root',
    exitCode: ExitCode.noPrivilege,
  },
  SOCKET_ADDRESS_UNAVAILABLE: {
    kind: 'operator',
    summary: 'This machine does not have the address that a socket should listen on',
    action: 'Correct `listen` in the manifest: a name or an address of this machine',
  },
  SOCKET_FAILED: {
    kind: 'environment',
    summary: 'A listening socket could not be made for a reason without a code of its own here',
    action: 'Look the errno of the message up (errno(3))',
  },
  SOCKET_UNSUPPORTED: {
    kind: 'operator',
    summary: 'Listening sockets cannot be passed to programs on this system',
    action: 'Remove `listen`; Node programs share their ports without it',
  },
});
