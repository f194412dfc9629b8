import type { Logger } from '@mainstay/core';
import type { EndedRunView, RunId, SupervisorEvent } from '@mainstay/supervisor';

import { isWantedEnd } from './wanted-ends.ts';

/** What happens to the services, for the agent's own log: one line for each that somebody may look for later. */
export function logEvent(log: Logger, event: SupervisorEvent): void {
  switch (event.type) {
    case 'started': {
      const { cause, pid, id } = event;
      return log.info({ ...fieldsOf(id), cause, process: pid }, 'Started');
    }
    case 'ended': {
      const { end, id } = event;
      const isWell = isWantedEnd(end) || (end.exitCode === 0 && !end.error);
      return log[isWell ? 'info' : 'warn']({ ...fieldsOf(id), ...howItEnded(end) }, 'Ended');
    }
    case 'probe-state': {
      const { ok, kind, detail, id } = event;
      if (ok) return log.info({ ...fieldsOf(id), probe: kind, detail }, 'A probe succeeds');
      return log.warn({ ...fieldsOf(id), probe: kind, detail }, 'A probe has failed too often');
    }
    case 'limit': {
      const { limit, exceeded, used, bound, action, id } = event;
      const fields = { ...fieldsOf(id), limit, used, bound };
      if (!exceeded) return log.info(fields, 'Below its limit again');
      return log.warn({ ...fields, action }, 'Over its limit');
    }
    case 'crash-loop': {
      const { parked, reason, id } = event;
      if (!parked) return log.info(fieldsOf(id), 'No crash loop any more');
      return log.error({ ...fieldsOf(id), reason }, 'Parked, as it is in a crash loop');
    }
    default:
      return undefined;
  }
}

/** Names of their own: the agent is a service too, and its log says that in `service` and `instance`. */
const fieldsOf = ({ service, instance, run }: RunId) => ({ of: `${service}/${instance}`, run });

const howItEnded = ({ exitCode, signal, error, outOfMemory, forced, endedFor }: EndedRunView) => ({
  exitCode,
  signal,
  error,
  ...(outOfMemory && { outOfMemory }),
  ...(forced && { forced }),
  endedFor,
});
