/**
 * Exit codes of every command and of a service process. 0–7 are the Linux Standard Base's for init scripts
 * (LSB 5.0, "Init Script Actions"): 3 as `status` has it, the others as all other actions do; 70 is EX_SOFTWARE
 * (sysexits.h); 124 is what timeout(1) uses. A deviation: to LSB's `status`, 4 is "unknown" and 5 and 6 are reserved;
 * ours mean the same for every command, and a state that cannot be found out (no service manager runs) is 1.
 */
export const ExitCode = {
  ok: 0,
  /** A general failure: the service could not start or stop, the command could not do its work. */
  failed: 1,
  /** The command line was wrong. */
  usage: 2,
  /** `status`: installed, and not running. */
  notRunning: 3,
  noPrivilege: 4,
  notInstalled: 5,
  /** The configuration does not validate. */
  notConfigured: 6,
  /** The command needs something that runs, an agent or a service, and it does not. */
  needsRunning: 7,
  /** An uncaught exception or unhandled rejection ended the service. */
  crashed: 70,
  /** A start, stop or clean-up did not end within its deadline and was forced. */
  forced: 124,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
