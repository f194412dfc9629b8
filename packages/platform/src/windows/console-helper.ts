import { consoleEvents, type ConsoleEvent } from './console-stop.ts';
import { boundOnce, lastError, systemLibrary } from './libraries.ts';

/**
 * Sends a console event to every process that shares the console of `pid`, this one included, which may end by it.
 * A process has one console at most, so this is done by a process that has nothing else to do.
 *
 * @returns 0, or the Windows error code of what failed
 */
export function sendAndForget(pid: number, event: ConsoleEvent): number {
  const native = functions();
  native.FreeConsole();
  if (!native.AttachConsole(pid)) return lastError();
  return native.GenerateConsoleCtrlEvent(consoleEvents[event], 0) ? 0 : lastError();
}

/** What this program does when it was started with `consoleHelperFlag`: the arguments after it are PID and event. */
export function runHelper([pid, event]: readonly string[]): void {
  const errorInvalidParameter = 87;
  const isKnown = event !== undefined && Object.hasOwn(consoleEvents, event);
  process.exitCode = isKnown ? sendAndForget(Number(pid), event as ConsoleEvent) : errorInvalidParameter;
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
