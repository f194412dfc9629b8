import { boundOnce, lastError, systemLibrary } from './libraries.ts';
import { consoleEvents, type ConsoleEvent, type HelperRequest } from './reach-program.ts';
import { closeWindows } from './window-close.ts';

const success = 0;
const errorInvalidParameter = 87;
/** MSDN: ERROR_INVALID_WINDOW_HANDLE; here that there is no window. */
const errorNoWindow = 1400;

/**
 * What this program does when it was started with `programHelperFlag`, and nothing else: asks a program to end. The
 * arguments after the flag are the request and a process id; the exit code is 0 or a Windows error code.
 */
export function runHelper([request, pid]: readonly string[]): void {
  process.exitCode = perform(request as HelperRequest | undefined, Number(pid));
}

function perform(request: HelperRequest | undefined, pid: number): number {
  if (!Number.isInteger(pid) || pid <= 0) return errorInvalidParameter;
  if (request === 'close-windows') return closeWindows(pid) > 0 ? success : errorNoWindow;
  if (request === 'ctrl-c' || request === 'ctrl-break') return sendEvent(pid, request);
  return errorInvalidParameter;
}

/**
 * To every process that shares the console of `pid`, this one included, which may end by it. A process has one console
 * at most, so only one that has nothing else to do can do this.
 */
function sendEvent(pid: number, event: ConsoleEvent): number {
  const native = functions();
  native.FreeConsole();
  if (!native.AttachConsole(pid)) return lastError();
  return native.GenerateConsoleCtrlEvent(consoleEvents[event], 0) ? success : lastError();
}

const functions = boundOnce(() => {
  const library = systemLibrary('kernel32');
  const func = (definition: string) => library.func(definition) as unknown;
  return {
    FreeConsole: func('bool __stdcall FreeConsole()'),
    AttachConsole: func('bool __stdcall AttachConsole(uint32 pid)'),
    GenerateConsoleCtrlEvent: func('bool __stdcall GenerateConsoleCtrlEvent(uint32 event, uint32 group)'),
  } as {
    readonly FreeConsole: () => boolean;
    readonly AttachConsole: (pid: number) => boolean;
    readonly GenerateConsoleCtrlEvent: (event: number, group: number) => boolean;
  };
});
