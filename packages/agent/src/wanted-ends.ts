import type { EndedRunView } from '@mainstay/supervisor';

/** Why a run was ended by somebody's wish: no failure, and no news. */
const wishes: ReadonlySet<EndedRunView['endedFor']> = new Set([
  'stop',
  'schedule',
  'manual',
  'reload',
  'config',
  'scale',
  'dependency',
]);

/** True when the run ended because somebody wanted it to. */
export function isWantedEnd(end: Pick<EndedRunView, 'endedFor'> | undefined): boolean {
  return wishes.has(end?.endedFor);
}
