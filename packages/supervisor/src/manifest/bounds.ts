import type { Bounds } from './value.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const mebibyte = 1024 ** 2;

/**
 * Everything outside is taken for a slip of the pen: a wrong unit, a digit too many. Times in ms, sizes in bytes. No time
 * is above 24 days, since timers take at most 2^31 − 1 ms (setTimeout of Node).
 */
export const bounds = {
  instances: { min: 0, max: 1000 },
  /** Ports that can be bound by number. */
  port: { min: 1, max: 65_535 },
  /** 8 bits on POSIX (wait(2)), 32 on Windows (GetExitCodeProcess). */
  exitCode: { min: 0, max: 0xff },
  windowsExitCode: { min: 0, max: 0xffff_ffff },

  probeInterval: { min: 100, max: day },
  probeTimeout: { min: 10, max: 10 * minute },
  probeDelay: { min: 0, max: day },
  probeCount: { min: 1, max: 1000 },
  loopDelay: { min: 1, max: minute },

  backoff: { min: 1, max: day },
  stable: { min: 0, max: day },
  crashLoopStarts: { min: 2, max: 1000 },
  crashLoopWindow: { min: second, max: day },
  parkedRetry: { min: second, max: 7 * day },

  stopGrace: { min: 0, max: hour },
  /** No program that anybody would run starts in less. */
  memory: { min: 4 * mebibyte, max: Number.MAX_SAFE_INTEGER },
  reclaim: { min: second, max: day },
  /** pid_max cannot be more than 2^22 (proc(5)). */
  processes: { min: 1, max: 2 ** 22 },
  /** The kernel's default fs.nr_open (proc(5)), above which RLIMIT_NOFILE cannot be raised. */
  openFiles: { min: 1, max: 1_048_576 },

  logRotate: { min: 64 * 1024, max: 1024 * 1024 * mebibyte },
  logAge: { min: minute, max: 24 * day },
  logKeep: { min: 0, max: 10_000 },
  logTotal: { min: mebibyte, max: Number.MAX_SAFE_INTEGER },

  alertRepeat: { min: minute, max: 24 * day },
  alertsPerMinute: { min: 1, max: 1000 },
} as const satisfies Readonly<Record<string, Bounds>>;
