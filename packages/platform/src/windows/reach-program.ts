import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { platformErrors } from '../errors.ts';
import { windowsError } from './libraries.ts';
import { programHelperFlag } from '../process/program-helper-flag.ts';

/** MSDN: GenerateConsoleCtrlEvent, dwCtrlEvent. */
export const consoleEvents = { 'ctrl-c': 0, 'ctrl-break': 1 } as const;

export type ConsoleEvent = keyof typeof consoleEvents;
/** What the helper is asked for. */
export type HelperRequest = ConsoleEvent | 'close-windows';

/** ntstatus.h, STATUS_CONTROL_C_EXIT: what a process ends with that has no handler for a console event. */
const endedByEvent = 0xc000013a;
/** MSDN: AttachConsole. */
const errorInvalidHandle = 6;
/** There is no such process, or it is ending. */
const errorGenFailure = 31;
const errorInvalidParameter = 87;
const errorNoWindow = 1400;

export interface ReachOptions {
  /** After which the helper is ended, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** The command that does it. @default this executable with `programHelperFlag`, or Node with a file of our source */
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
  options: ReachOptions = {},
): Promise<void> {
  const result = await runHelper(event, pid, options);
  if (result === endedByEvent) return;
  // Wine says so of one that has ended, too.
  if (result === errorInvalidHandle && isRunning(pid))
    throw cannotAsk(
      pid,
      'it has no console, so it hears no console event; stop it by window, stdin, command or http',
    );
  if (result !== errorInvalidHandle) check(result, 'AttachConsole', pid);
}

/**
 * Asks a program with windows to end, as the cross in their corner does. Resolves when a window was asked, and when the
 * program has ended meanwhile. Rejects as `sendConsoleEvent` does.
 *
 * Not by this process: USER32 waits for a desktop that may never answer, and would hold up everything that we do.
 */
export async function closeWindows(pid: number, options: ReachOptions = {}): Promise<void> {
  const result = await runHelper('close-windows', pid, options);
  if (result === errorNoWindow) {
    if (isRunning(pid)) throw cannotAsk(pid, 'it has no window; stop it by signal, stdin, command or http');
    return;
  }
  check(result, 'EnumWindows', pid);
}

/** @returns the exit code, which is 0 or a Windows error code */
async function runHelper(
  request: HelperRequest,
  pid: number,
  { timeoutMs = 10_000, helper = helperCommand() }: ReachOptions,
): Promise<number> {
  const [command = '', ...args] = helper;
  // Not detached: a new process group is deaf to Ctrl-C, and Wine then delivers it to nobody.
  const child = spawn(command, [...args, request, String(pid)], {
    stdio: 'ignore',
    windowsHide: true,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === null) throw cannotAsk(pid, `${request} took more than ${timeoutMs} ms`);
  return code >>> 0;
}

function check(result: number, call: string, pid: number): void {
  if (result === 0 || result === errorGenFailure || result === errorInvalidParameter) return;
  throw windowsError(call, result, `process ${pid}`);
}

function cannotAsk(pid: number, why: string): Error {
  return platformErrors.error('PROGRAM_CANNOT_BE_ASKED', `Process ${pid} was not asked to end: ${why}`, {
    details: { pid },
  });
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
  if (sea.isSea()) return [process.execPath, programHelperFlag];
  return [process.execPath, fileURLToPath(new URL('./program-helper-main.ts', import.meta.url))];
}
