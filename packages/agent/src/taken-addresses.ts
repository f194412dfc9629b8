import type { Manifest } from '@mainstay/supervisor';

import type { AgentInfo } from './api/types.ts';

/** The addresses that an agent with this manifest listens on, for its services and for scrapers. */
export function takenBy({ services, metrics }: Manifest): AgentInfo['listens'] {
  const taken = [...services.flatMap(({ listen }) => listen), ...(metrics.listen ? [metrics.listen] : [])];
  return taken.map(({ host, port }) => ({ host, port }));
}
