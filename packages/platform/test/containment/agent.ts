// An agent in small, for the guardian's test: runs what it is told in containers, and says so.
//   node agent.ts NAME DIRECTORY CGROUPS COMMAND…
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';

import { createContainment } from '../../src/containment/index.ts';
import { machineCgroups } from './surroundings.ts';
import { silent } from './silent.ts';

const [name = '', directory = '', cgroups = '', ...scripts] = process.argv.slice(2);
const containment = await createContainment({
  name,
  directory,
  log: silent,
  cgroups: machineCgroups(cgroups),
});
for (const [index, script] of scripts.entries()) {
  const container = await containment.create(`service@${index}`, {
    memoryHardBytes: undefined,
    memorySoftBytes: undefined,
    cpuPercent: undefined,
    processes: 200,
    openFiles: undefined,
    priority: undefined,
  });
  const pipe = join(containment.pipesDirectory ?? '', `service@${index}@1.stdout`);
  spawnSync('mkfifo', [pipe]);
  // Held and never read: whatever is written stays in the pipe.
  openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const end = openSync(pipe, constants.O_WRONLY);
  const line = container.launch({ command: '/bin/sh', args: ['-c', script], user: undefined });
  const child = spawn(line.command, line.args, {
    stdio: ['ignore', end, 'ignore'],
    env: { ...process.env, ...line.env },
    detached: true,
  });
  closeSync(end);
  if (child.pid !== undefined) container.adopt(child.pid);
}
process.stdout.write('running\n');
setInterval(() => undefined, 1 << 30);
