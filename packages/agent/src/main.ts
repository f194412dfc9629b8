// The agent as a Mainstay service: built to one executable, installed by the operating system's own service manager.
// All but this file is imported by the package's name: the builder makes one chunk of an entry's own files, whose imports
// all run at the start, and many of packages by name, which are loaded when they are used (see imports.test.ts).
import { defineService } from '@mainstay/service';

import { stopGraceMs } from './stop-grace.ts';

export default defineService({
  name: 'mainstay-agent',
  displayName: 'Mainstay agent',
  description: 'Keeps the services of mainstay.yaml running',
  limits: { startTimeoutMs: 120_000, stopTimeoutMs: stopGraceMs },
  async start(ctx) {
    const { openInstalledAgent } = await import('@mainstay/agent/installed');
    return openInstalledAgent(ctx);
  },
});
