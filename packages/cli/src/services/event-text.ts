import type { AgentEvent } from '@mainstay/agent';
import { formatSize } from '@mainstay/core';

import { describeEnded } from './ended-text.ts';

/** One line for people; undefined for what only says that a view is another. */
export function eventText(event: AgentEvent): string | undefined {
  if (event.type === 'changed') return undefined;
  if (event.type === 'dropped') return `${event.count} events were left out: this reader was too slow`;
  const { service, instance, run } = event.id;
  const who = `${service}/${instance}#${run}`;
  switch (event.type) {
    case 'phase':
      return `${who} is ${event.to}${event.reason === undefined ? '' : `: ${event.reason}`}`;
    case 'started':
      return `${who} was started (${event.cause})${event.pid === undefined ? '' : `, pid ${event.pid}`}`;
    case 'ended':
      return `${who} has ended with ${describeEnded(event.end)}`;
    case 'probe':
      return event.result.ok ? undefined : `${who} ${event.kind} probe failed: ${event.result.detail}`;
    case 'probe-state':
      return `${who} ${event.kind} probe is ${event.ok ? 'well again' : 'failing'}: ${event.detail}`;
    case 'limit': {
      const amount = (value: number): string =>
        event.limit === 'openFiles' ? String(value) : formatSize(value);
      const state = event.exceeded ? 'over' : 'below';
      return `${who} is ${state} ${event.limit}: ${amount(event.used)} of ${amount(event.bound)} (${event.action})`;
    }
    case 'crash-loop':
      return `${who} ${event.parked ? 'is parked' : 'is out of its crash loop'}: ${event.reason}`;
  }
}
