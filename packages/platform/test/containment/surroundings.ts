import { readFileSync } from 'node:fs';

import { readSurroundings, type CgroupSurroundings } from '../../src/containment/cgroup-layout.ts';

/** What this machine has, or only a part of it: `all`, `v1`, `none`. */
export function machineCgroups(part: string): CgroupSurroundings {
  if (part === 'none') return { mountInfo: '', ownCgroups: '' };
  const all = readSurroundings();
  if (part === 'all' || all.mountInfo === undefined) return all;
  const lines = all.mountInfo.split('\n').filter((line) => !line.includes(' - cgroup2 '));
  return { ...all, mountInfo: lines.join('\n') };
}

/** Whether cgroups of version 1 can be used here. */
export function hasVersion1(): boolean {
  return (
    process.getuid?.() === 0 && / - cgroup .*\bpids\b/.test(readFileSync('/proc/self/mountinfo', 'utf8'))
  );
}
