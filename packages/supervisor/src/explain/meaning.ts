/** What programs and systems mean by their exit codes; undefined for those that mean nothing in particular. */
export function meaningOf(exitCode: number, isMainstayService: boolean): string | undefined {
  const own = isMainstayService ? serviceCodes[exitCode] : undefined;
  if (own !== undefined) return own;
  // Windows says them signed or unsigned.
  const status = statusCodes[exitCode >>> 0];
  if (status !== undefined) return `0x${(exitCode >>> 0).toString(16).toUpperCase()}, ${status}`;
  const shell = shellCodes[exitCode];
  if (shell !== undefined) return shell;
  const signal = signals[exitCode - 128];
  return signal === undefined ? undefined : `128 + ${exitCode - 128}: ${signal}`;
}

/** What a signal means to whoever did not send it. */
export function meaningOfSignal(signal: string): string | undefined {
  return signalMeanings[signal];
}

/** @mainstay/core's ExitCode. */
const serviceCodes: Readonly<Record<number, string>> = {
  2: 'a wrong command line',
  6: 'a configuration that does not validate',
  70: 'an uncaught exception',
  124: 'a start or stop that did not end in time',
};

/** POSIX sh(1), "Exit Status". */
const shellCodes: Readonly<Record<number, string>> = {
  126: 'found, but not executable',
  127: 'command not found',
};

/** NTSTATUS ([MS-ERREF] 2.3.1). */
const statusCodes: Readonly<Record<number, string>> = {
  0xc0000005: 'access violation',
  0xc0000017: 'not enough memory',
  0xc000001d: 'illegal instruction',
  0xc00000fd: 'stack overflow',
  0xc0000135: 'a DLL was not found',
  0xc0000139: 'an entry point was not found in a DLL',
  0xc000013a: 'ended by Ctrl+C or Ctrl+Break',
  0xc0000142: 'a DLL could not be initialised',
  0xc0000374: 'heap corruption',
  0xc0000409: 'stack buffer overrun, or an abort',
};

/** signal(7), x86 and ARM. */
const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL, illegal instruction',
  6: 'SIGABRT, it aborted',
  7: 'SIGBUS, bad memory access',
  8: 'SIGFPE, arithmetic error',
  9: 'SIGKILL, it was killed',
  11: 'SIGSEGV, bad memory access',
  13: 'SIGPIPE',
  15: 'SIGTERM, it was asked to end',
};

const signalMeanings: Readonly<Record<string, string>> = {
  SIGABRT: 'it aborted',
  SIGBUS: 'bad memory access',
  SIGFPE: 'arithmetic error',
  SIGILL: 'illegal instruction',
  SIGKILL: 'killed from outside',
  SIGSEGV: 'bad memory access',
  SIGTERM: 'asked to end from outside',
};
