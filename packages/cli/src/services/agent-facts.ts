import { join } from 'node:path';

import type { AgentDirectories } from '@mainstay/agent';

/** What a client is given to get to an agent of these directories: its socket, on Windows its runtime directory. */
export function socketOf({ runtime }: AgentDirectories): string {
  return process.platform === 'win32' ? runtime : join(runtime, 'agent.sock');
}
