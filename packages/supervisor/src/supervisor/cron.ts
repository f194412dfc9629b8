import { Cron } from 'croner';

/** The first time after `after` that a five-field cron expression names, in local time; both in ms since the epoch. */
export function nextTime(expression: string, after: number): number | undefined {
  return new Cron(expression, { paused: true }).nextRun(new Date(after))?.getTime();
}
