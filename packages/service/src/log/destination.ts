import type { LogLevel } from '@mainstay/core';
import { fstatSync, type Stats } from 'node:fs';

/** What is behind a file descriptor, as far as it changes the lines. */
export type DestinationKind = 'terminal' | 'journal' | 'other';

/**
 * Whether lines go to a terminal, to systemd's journal, or anywhere else. `fstat` decides first, because `node:tty`
 * takes 3–5 ms to load and nearly no service writes to a terminal.
 */
export function destinationKind(fd: number, env: NodeJS.ProcessEnv): DestinationKind {
  let stats: Stats;
  try {
    stats = fstatSync(fd);
  } catch {
    // A Windows service has no standard output.
    return 'other';
  }
  if (isJournal(stats, env['JOURNAL_STREAM'])) return 'journal';
  if (!stats.isCharacterDevice() || isLinuxNullDevice(stats)) return 'other';
  return process.getBuiltinModule('node:tty').isatty(fd) ? 'terminal' : 'other';
}

/** `device:inode` of the stream that systemd connected to the journal (systemd.exec(5), $JOURNAL_STREAM). */
function isJournal(stats: Stats, journalStream: string | undefined): boolean {
  return journalStream !== undefined && journalStream === `${stats.dev}:${stats.ino}`;
}

/** /dev/null is the character device 1:3 (Linux: Documentation/admin-guide/devices.txt). */
const isLinuxNullDevice = (stats: Stats): boolean => process.platform === 'linux' && stats.rdev === 0x103;

/** The kernel's priorities as sd-daemon(3) wants them before a line. */
const priorities: Readonly<Record<LogLevel, string>> = {
  trace: '<7>',
  debug: '<7>',
  info: '<6>',
  warn: '<4>',
  error: '<3>',
  fatal: '<2>',
};

export const journalPrefix = (level: LogLevel): string => priorities[level];
