import type { RunEnd } from '../runner/types.ts';
import type { EndedRunView } from '../supervisor/types.ts';
import type { LiveRun } from './live-run.ts';
import type { RunModel } from './types.ts';

/** How a run ended, as it is shown; `ended` is what the machine knew of it. */
export function endedView(
  { exitCode, signal, outOfMemory, error }: RunEnd,
  of: Pick<EndedRunView, 'uptimeMs' | 'at' | 'lastLines'> & {
    readonly live: LiveRun;
    readonly ended: RunModel | undefined;
  },
): EndedRunView {
  const { live, ended, uptimeMs, at, lastLines } = of;
  return {
    run: live.id.run,
    exitCode,
    signal,
    outOfMemory,
    error: error?.message,
    forced: ended?.forced ?? false,
    endedFor: ended?.endedFor,
    uptimeMs,
    at,
    lastLines,
  };
}
