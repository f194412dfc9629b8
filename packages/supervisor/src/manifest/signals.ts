/** POSIX.1-2017 <signal.h> without those that nobody can ask by: KILL and STOP cannot be caught. */
export const signals = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGABRT',
  'SIGALRM',
  'SIGCONT',
  'SIGPIPE',
  'SIGTSTP',
  'SIGURG',
  'SIGWINCH',
] as const;

/** What a console program on Windows can be sent: CTRL_C_EVENT and CTRL_BREAK_EVENT (GenerateConsoleCtrlEvent). */
export const windowsSignals = ['SIGTERM', 'SIGINT', 'SIGBREAK'] as const;
