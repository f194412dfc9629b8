// An agent of the tests under Wine: `agent.mjs FILE [close]` starts two trees, writes their process ids, and waits to be
// killed; or closes its containment and goes.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createJobContainment } from '../../../packages/platform/src/windows/job-containment.ts';
import { eventually } from './eventually.ts';
import { silentLogger } from './silent-logger.ts';

const [file = '', mode] = process.argv.slice(2);
const tree = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore', detached: true });
  require('node:fs').writeFileSync(process.argv[1], JSON.stringify([process.pid, child.pid]));
  setInterval(() => {}, 1e6);
`;

async function startTree(name: string, adopt: (pid: number) => void): Promise<number[]> {
  const written = `${file}.${name}`;
  const child = spawn(process.execPath, ['-e', tree, written], { stdio: 'ignore', windowsHide: true });
  adopt(child.pid ?? 0);
  return await eventually('a tree', () => JSON.parse(readFileSync(written, 'utf8')) as number[]);
}

const containment = createJobContainment({ log: silentLogger });
const container = await containment.create('subject', {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
});
const adopted = await startTree('adopted', (pid) => container.adopt(pid));
const loose = await startTree('loose', () => {});
writeFileSync(file, JSON.stringify([...adopted, ...loose]));
if (mode === 'close') {
  await containment.close();
  process.exit(3);
}
