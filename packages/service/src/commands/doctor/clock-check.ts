import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { fail, ok, warn, type Check } from './check.ts';

/** Two clocks, in milliseconds: that of the calendar, and one that only goes forward. */
export interface Clocks {
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** How long the clocks are watched, and how far they may be apart afterwards; both in milliseconds. */
const watchMs = 100;
const toleranceMs = 50;

/**
 * Certificates, logs and deadlines go wrong with a clock that was never set (such clocks start years back), that runs
 * at its own speed or is being stepped, and sooner or later with one that nothing keeps in time.
 *
 * @param isSynchronized undefined where it cannot be known
 */
export function clockCheck(
  clocks: Pick<Clocks, 'now'> & Partial<Clocks>,
  isSynchronized: () => Promise<boolean | undefined> = askTimedatectl,
): Check {
  const { now, monotonic = () => performance.now(), sleep = pause } = clocks;
  return {
    name: 'clock',
    async run() {
      const date = new Date(now());
      if (date.getUTCFullYear() < 2026) return fail(date.toISOString(), "Set the machine's clock; use NTP");
      const before = now() - monotonic();
      await sleep(watchMs);
      const driftMs = Math.abs(now() - monotonic() - before);
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const detail = `${date.toISOString()}, ${zone}`;
      if (driftMs > toleranceMs) {
        return warn(
          `${detail}; it was set by ${Math.round(driftMs)} ms within ${watchMs} ms`,
          'See what sets the clock; two programs may be at it, or the machine was suspended',
        );
      }
      const synchronized = await isSynchronized();
      if (synchronized === undefined) return ok(detail);
      return synchronized
        ? ok(`${detail}, kept by NTP`)
        : warn(
            `${detail}, not synchronized`,
            'Run: timedatectl set-ntp true (or see that chrony or ntpd runs)',
          );
    },
  };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** timedatectl(1), NTPSynchronized: the kernel's own view (adjtimex(2)), whoever keeps the clock. */
async function askTimedatectl(): Promise<boolean | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      { timeout: 5_000 },
    );
    return stdout.trim() === '' ? undefined : stdout.trim() === 'yes';
  } catch {
    // Not there, or without a bus to ask on, as in a container: the clock is the host's.
    return undefined;
  }
}
