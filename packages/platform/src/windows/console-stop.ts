import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { platformErrors } from '../errors.ts';
import { consoleHelperFlag } from './console-helper-flag.ts';
import { boundOnce, systemLibrary, windowsError } from './libraries.ts';

/** MSDN: GenerateConsoleCtrlEvent, dwCtrlEvent. */
export const consoleEvents = { 'ctrl-c': 0, 'ctrl-break': 1 } as const;

export type ConsoleEvent = keyof typeof consoleEvents;

/** ntstatus.h, STATUS_CONTROL_C_EXIT: what a process ends with that has no handler for a console event. */
const endedByEvent = 0xc000013a;
/** MSDN: AttachConsole. */
const errorInvalidHandle = 6;
/** There is no such process, or it is ending. */
const errorGenFailure = 31;
const errorInvalidParameter = 87;

export interface ConsoleEventOptions {
  /** In milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** The command that sends. @default this executable with `consoleHelperFlag`, or Node with a file of our source */
  readonly helper?: readonly string[];
}

/**
 * Asks a console program to end: Ctrl-C, which Node, Python and Go hear as SIGINT, or Ctrl-Break. Everything hears it
 * that shares the program's console, so the program has to have one of its own (`windowsHide` and no inherited stdio).
 *
 * Resolves when the event was sent, and when the program has ended meanwhile. Rejects with WINDOWS_CALL_FAILED and
 * PROGRAM_CANNOT_BE_ASKED.
 */
export async function sendConsoleEvent(
  pid: number,
  event: ConsoleEvent,
  { timeoutMs = 10_000, helper = helperCommand() }: ConsoleEventOptions = {},
): Promise<void> {
  const [command = '', ...args] = helper;
  // Not detached: a new process group is deaf to Ctrl-C, and Wine then delivers it to nobody.
  const child = spawn(command, [...args, String(pid), event], {
    stdio: 'ignore',
    windowsHide: true,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const result = code === null ? undefined : code >>> 0;
  if (result === 0 || result === endedByEvent) return;
  if (result === errorGenFailure || result === errorInvalidParameter) return;
  if (result === errorInvalidHandle) {
    // Wine says so of one that has ended, too.
    if (!isRunning(pid)) return;
    throw platformErrors.error(
      'PROGRAM_CANNOT_BE_ASKED',
      `Process ${pid} has no console, so it hears no console event; stop it by window, stdin, command or http`,
      { details: { pid } },
    );
  }
  if (result !== undefined) throw windowsError('AttachConsole', result, `process ${pid}`);
  throw platformErrors.error(
    'PROGRAM_CANNOT_BE_ASKED',
    `The console event for process ${pid} was not sent within ${timeoutMs} ms (${String(signal)})`,
    { details: { pid } },
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function helperCommand(): readonly string[] {
  const sea = process.getBuiltinModule('node:sea');
  if (sea.isSea()) return [process.execPath, consoleHelperFlag];
  return [process.execPath, fileURLToPath(new URL('./console-helper-main.ts', import.meta.url))];
}

/**
 * Makes this process, and so everything that it starts from now on, hear Ctrl-C: a process of a new process group is
 * born deaf to it, and hands that on to its children (MSDN: SetConsoleCtrlHandler, CREATE_NEW_PROCESS_GROUP).
 */
export function hearCtrlC(): void {
  setConsoleCtrlHandler()(null, false);
}

const setConsoleCtrlHandler = boundOnce(
  () =>
    systemLibrary('kernel32').func('bool __stdcall SetConsoleCtrlHandler(void *handler, bool add)') as (
      handler: null,
      add: boolean,
    ) => boolean,
);
