import { readFileSync } from 'node:fs';

import { runnerContract } from '../runner/runner-contract.ts';
import { posixHarness } from './posix-harness.ts';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const machine = { mountInfo: read('/proc/self/mountinfo'), ownCgroups: read('/proc/self/cgroup') };
const only = (type: string): typeof machine => ({
  ...machine,
  mountInfo: machine.mountInfo
    .split('\n')
    .filter((line) => line.includes(` - ${type} `))
    .join('\n'),
});
const isRoot = process.getuid?.() === 0;
const hasMemory = isRoot && only('cgroup').mountInfo.includes('memory');

runnerContract({ ...posixHarness('process runner, with what this machine has'), holdsMemory: hasMemory });
runnerContract({
  ...posixHarness('process runner, with cgroups of version 1', only('cgroup')),
  holdsMemory: hasMemory,
});
runnerContract(posixHarness('process runner, without cgroups', { mountInfo: '', ownCgroups: '' }));
