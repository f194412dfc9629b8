import type { Manifest, ServiceDeclaration } from '../manifest/types.ts';
import type { Plan, PlannedChange, PlannedDifference } from '../supervisor/types.ts';
import { serviceAsWritten, settingsAsWritten } from './as-written.ts';
import { differencesBetween } from './differences.ts';

/**
 * What `apply` would do, in the order of the file, removals first; nothing exactly when both mean the same. Pure.
 * `scale` and `restart` may have differences along that would be an `update` alone.
 */
export function planChanges(before: Manifest, after: Manifest): Plan {
  const known = new Map(before.services.map((service) => [service.name, service]));
  const wanted = new Set(after.services.map(({ name }) => name));
  const removed = before.services
    .filter(({ name }) => !wanted.has(name))
    .map(({ name }): PlannedChange => ({ service: name, action: 'remove', differences: [] }));
  const changed = after.services.flatMap((service): PlannedChange[] => {
    const old = known.get(service.name);
    if (!old) return [{ service: service.name, action: 'add', differences: [] }];
    const differences = differencesBetween(serviceAsWritten(old), serviceAsWritten(service));
    if (differences.length === 0) return [];
    return [{ service: service.name, action: actionFor(service, differences), differences }];
  });
  const settings = differencesBetween(settingsAsWritten(before), settingsAsWritten(after));
  return { changes: [...removed, ...changed], settings: settings.map(withNote) };
}

/** The files of a directory are opened once, at the start of the agent. */
export const logDirectoryNote = 'Logs go to another directory only when the agent is started again';

function withNote(difference: PlannedDifference): PlannedDifference {
  return difference.path === 'logs.directory' ? { ...difference, note: logDirectoryNote } : difference;
}

/** Keys that only a new process can have; of limits those that a process is given at its start (rlimits, nice). */
const restarting = /^(service|exec|cwd|env|user|runner|listen|limits\.openFiles\.max|limits\.priority)(\.|$)/;

/** The unit of a service manager has its limits, its way to stop and its restarts in it, and is read at its start. */
const restartingNative = /^(limits\.(memory\.(soft|hard)|cpu|processes)|stop|restart\.policy)(\.|$)/;

function actionFor(
  { runner }: ServiceDeclaration,
  differences: readonly PlannedDifference[],
): PlannedChange['action'] {
  const paths = differences.map(({ path }) => path);
  if (paths.some((path) => restarting.test(path))) return 'restart';
  if (runner === 'native' && paths.some((path) => restartingNative.test(path))) return 'restart';
  return paths.includes('instances') ? 'scale' : 'update';
}
