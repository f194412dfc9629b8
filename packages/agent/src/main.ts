// The agent as a Mainstay service: built to one executable, installed by the operating system's own service manager.
// Nothing may be imported here that an agent does not need while it only looks after what runs: see imports.test.ts.
import { defineService } from '@mainstay/service';

import { openInstalledAgent, stopGraceMs } from './installed-agent.ts';

export default defineService({
  name: 'mainstay-agent',
  displayName: 'Mainstay agent',
  description: 'Keeps the services of mainstay.yaml running',
  limits: { startTimeoutMs: 120_000, stopTimeoutMs: stopGraceMs },
  start: (ctx) => openInstalledAgent(ctx),
});
