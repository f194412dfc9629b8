import type { LogQuery, ServiceManager } from '@mainstay/core';

import { unitNameOf } from './unit.ts';

/** Lines of one instance from where the manager keeps them: the journal, or a log file. */
export function readNativeLogs(
  manager: Pick<ServiceManager, 'logs'>,
  id: { readonly service: string; readonly instance: number },
  query: LogQuery,
): AsyncIterable<string> {
  return manager.logs(unitNameOf(id), query);
}

/** The last lines of one instance, evidence for `why`; none when they cannot be read. */
export async function lastNativeLines(
  manager: Pick<ServiceManager, 'logs'>,
  id: { readonly service: string; readonly instance: number },
  count = 10,
): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    for await (const line of readNativeLogs(manager, id, { lines: count, follow: false })) lines.push(line);
  } catch {
    return lines;
  }
  return lines;
}
