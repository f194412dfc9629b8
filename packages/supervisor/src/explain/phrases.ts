import { formatDuration, formatSize } from '@mainstay/core';

import type { DependencyCondition, ServiceDeclaration } from '../manifest/types.ts';
import type { InstancePhase, StartCause, EndedRunView } from '../supervisor/types.ts';
import { meaningOf, meaningOfSignal } from './meaning.ts';

/** `exit code 137 (128 + 9: SIGKILL, it was killed)`. */
export function exitPhrase(end: EndedRunView, declaration: ServiceDeclaration): string {
  const { exitCode, signal } = end;
  const meaning =
    signal !== undefined
      ? meaningOfSignal(signal)
      : exitCode === undefined
        ? undefined
        : meaningOf(exitCode, declaration.program.type === 'service');
  const what =
    signal !== undefined
      ? `signal ${signal}`
      : exitCode === undefined
        ? 'an exit code that nobody saw'
        : `exit code ${exitCode}`;
  return meaning === undefined ? what : `${what} (${meaning})`;
}

/** How a run ended, as what follows "because": `it ended with exit code 1 after 3m 2s`. */
export function endPhrase(
  end: EndedRunView,
  declaration: ServiceDeclaration,
  detail: string | undefined,
): string {
  const { limits } = declaration;
  if (end.error !== undefined) return `it could not be started: ${end.error}`;
  const after = `after ${formatDuration(end.uptimeMs)}`;
  if (end.outOfMemory) {
    const { memoryHardBytes } = limits;
    const limit = memoryHardBytes === undefined ? '' : `: ${formatSize(memoryHardBytes)} is its hard limit`;
    return `it was killed by the kernel for its memory ${after}${limit}`;
  }
  if (end.endedFor === 'probe') return detail ?? 'its probe failed';
  if (end.endedFor === 'memory-limit') {
    const { memorySoftBytes } = limits;
    const limit = memorySoftBytes === undefined ? '' : ` of ${formatSize(memorySoftBytes)}`;
    return `its memory stayed above its soft limit${limit}`;
  }
  return `it ended with ${exitPhrase(end, declaration)} ${after}`;
}

/** How a run ended, and at whose wish: `signal SIGTERM, as the agent asked (its schedule)`. */
export function ownEndPhrase(
  end: EndedRunView,
  declaration: ServiceDeclaration,
  detail: string | undefined,
): string {
  if (end.outOfMemory) return 'killed by the kernel for its memory';
  const { endedFor, exitCode, signal, forced } = end;
  if (endedFor === undefined) return exitPhrase(end, declaration);
  const why = endedFor === 'probe' ? (detail ?? wishes.probe) : wishes[endedFor];
  const what = signal === undefined ? exitPhrase(end, declaration) : `signal ${signal}`;
  if (forced) return `${what} by the agent after its grace (${why})`;
  const { by } = declaration.stop;
  const isAsAsked = exitCode === 0 || signal === 'SIGTERM' || (by.type === 'signal' && signal === by.signal);
  return isAsAsked
    ? `${what}, as the agent asked (${why})`
    : `${exitPhrase(end, declaration)}, after the agent had asked it to end (${why})`;
}

/** Why the agent ended a run. */
const wishes: Readonly<Record<StartCause | 'stop', string>> = {
  stop: 'a stop',
  start: 'a start',
  manual: 'a restart by hand',
  reload: 'a reload',
  config: 'its declaration changed',
  schedule: 'its schedule',
  scale: 'scaling',
  dependency: 'what it depends on came back',
  probe: 'its probe failed',
  'memory-limit': 'its memory stayed above its soft limit',
  'out-of-memory': 'its memory',
  crash: 'a crash',
  exit: 'its end',
  'parked-retry': 'another try after a crash loop',
};

/** Causes that say all; the others are explained by how the run before ended. */
export function causePhrase(cause: StartCause, declaration: ServiceDeclaration): string | undefined {
  switch (cause) {
    case 'manual':
      return 'by hand';
    case 'reload':
      return 'by a reload';
    case 'config':
      return 'because its declaration changed';
    case 'schedule':
      return `as its schedule says (${declaration.restart.schedule ?? 'which is gone'})`;
    case 'scale':
      return 'because it was scaled up';
    case 'dependency':
      return 'because what it depends on came back';
    default:
      return undefined;
  }
}

export const conditionPhrases: Readonly<Record<DependencyCondition, string>> = {
  started: 'to start',
  healthy: 'to be healthy',
  completed: 'to complete',
};

/** What a dependency is at, for whoever waits for it. */
export const phasePhrases: Readonly<Record<InstancePhase, string>> = {
  blocked: 'it waits for its own dependencies',
  starting: 'it is starting',
  running: 'it is running',
  unready: 'it is not ready',
  stopping: 'it is stopping',
  waiting: 'it has ended, and a restart is due',
  stopped: 'it is stopped',
  completed: 'it has completed',
  failed: 'it has failed',
  parked: 'it is parked after a crash loop',
};
