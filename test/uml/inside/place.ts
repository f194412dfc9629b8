// What an agent finds where it is, and that its containers work there.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createContainment } from '../../../packages/platform/src/containment/index.ts';
import { silent } from '../../../packages/platform/test/containment/silent.ts';

const containment = await createContainment({
  name: 'place',
  directory: mkdtempSync(join(tmpdir(), 'mainstay-place-')),
  log: silent,
});
process.stdout.write(`kind: ${containment.kind}\nunheld: ${JSON.stringify(containment.unheldLimits)}\n`);
const container = await containment.create('subject@0', {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
});
const line = container.launch({
  command: '/bin/sh',
  args: ['-c', 'sleep 1000 & setsid sleep 1000'],
  user: undefined,
});
const child = spawn(line.command, line.args, { env: { ...process.env, ...line.env }, detached: true });
container.adopt(child.pid ?? 0);
while ((container.usage()?.processes ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
await container.kill();
if (!container.isEmpty()) process.exitCode = 1;
await containment.close();
