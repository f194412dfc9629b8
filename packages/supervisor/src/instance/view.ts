import type { Clock } from '@mainstay/core';

import type { ProbeKind } from '../health/types.ts';
import type { EndedRunView, InstanceView } from '../supervisor/types.ts';
import type { LiveRun } from './live-run.ts';
import type { InstanceModel } from './types.ts';

const kinds: readonly ProbeKind[] = ['startup', 'readiness', 'liveness'];

/** Everything that is shown of an instance; what is not known is undefined. */
export function viewOf(of: {
  readonly index: number;
  readonly model: InstanceModel;
  readonly live: LiveRun | undefined;
  readonly lastEnd: EndedRunView | undefined;
  /** In ms. */
  readonly nextStartIn: number | undefined;
  readonly clock: Clock;
}): InstanceView {
  const { model, live, clock } = of;
  return {
    instance: of.index,
    phase: model.phase,
    run: model.lastRun,
    pid: live?.run?.pid,
    startedAt: live?.run?.startedAt,
    uptimeMs: live && clock.monotonic() - live.startedAt,
    restarts: model.restarts,
    restartsByCause: model.restartsByCause,
    reason: model.reason,
    nextStartAt: of.nextStartIn === undefined ? undefined : clock.now() + of.nextStartIn,
    text: live?.status?.text ?? '',
    state: live?.status?.state,
    health: healthOf(live),
    probes: probesOf(live),
    cpuPercent: live?.cpuPercent,
    memoryBytes: live?.usage?.memoryBytes,
    processes: live?.usage?.processes,
    cpuMs: live?.usage?.cpuMs,
    openFiles: live?.usage?.openFiles,
    runtime: live?.report?.metrics,
    lastEnd: of.lastEnd,
  };
}

/** What the service says of itself, or else what its probes say. */
function healthOf(live: LiveRun | undefined): InstanceView['health'] {
  if (!live) return undefined;
  const results = kinds.flatMap((kind) => live.lastProbe(kind) ?? []);
  if (results.some((result) => !result.ok)) return 'failed';
  return live.report?.report.state ?? (results.length > 0 ? 'ok' : undefined);
}

function probesOf(live: LiveRun | undefined): InstanceView['probes'] {
  const probes: Partial<Record<ProbeKind, NonNullable<ReturnType<LiveRun['lastProbe']>>>> = {};
  for (const kind of kinds) {
    const last = live?.lastProbe(kind);
    if (last) probes[kind] = last;
  }
  return probes;
}
