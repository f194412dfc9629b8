import type { CgroupLayout, Controller } from './cgroup-layout.ts';
import type { ContainmentLimits } from './types.ts';

/** One file of a cgroup and what is to be written to it. */
export interface CgroupSetting {
  /** Directory below which the cgroup is. */
  readonly base: string;
  readonly file: string;
  readonly value: string;
  /** The kernel may be built without it; then the limit is held all the same. */
  readonly isOptional?: boolean;
}

/** Length of a period of the processor quota, in microseconds: the kernel's default (cgroup-v2.rst, cpu.max). */
const periodUs = 100_000;
/** The smallest quota that the kernel takes, in microseconds (sched-bwc.rst). */
const minQuotaUs = 1000;
const weights = { idle: 1, low: 25, normal: 100, high: 400 } as const;
/** cpu.shares is 1024 where cpu.weight is 100 (cgroups(7)). */
const sharesOf = (weight: number): number => Math.max(2, Math.round((weight * 1024) / 100));

/**
 * What the limits are in files of cgroups, in the order in which they have to be written.
 *
 * `memory.soft` is none of them: over it the agent alerts, asks the program to give back, and restarts it. memory.high
 * would stall the program in place of that, so that it neither works nor ends, and hides that it wants more.
 * Swap is no way around the hard bound.
 */
export function cgroupSettings(layout: CgroupLayout, limits: ContainmentLimits): readonly CgroupSetting[] {
  const { unified, v1 } = layout;
  const settings: CgroupSetting[] = [];
  const two = (controller: Controller, file: string, value: string, isOptional = false): void => {
    if (unified?.controllers.has(controller)) settings.push({ base: unified.base, file, value, isOptional });
  };
  const one = (controller: Controller, file: string, value: string, isOptional = false): void => {
    const base = v1[controller];
    if (base !== undefined) settings.push({ base, file, value, isOptional });
  };
  const { memoryHardBytes: memory, processes } = limits;
  two('memory', 'memory.max', memory === undefined ? 'max' : String(memory));
  two('memory', 'memory.swap.max', memory === undefined ? 'max' : '0', true);
  two('memory', 'memory.oom.group', '1', true);
  // The sum with swap may never be below memory alone: it is lifted first.
  one('memory', 'memory.memsw.limit_in_bytes', '-1', true);
  one('memory', 'memory.limit_in_bytes', String(memory ?? -1));
  one('memory', 'memory.memsw.limit_in_bytes', String(memory ?? -1), true);
  const quota = limits.cpuPercent === undefined ? undefined : quotaUs(limits.cpuPercent);
  two('cpu', 'cpu.max', `${quota ?? 'max'} ${periodUs}`);
  one('cpu', 'cpu.cfs_period_us', String(periodUs));
  one('cpu', 'cpu.cfs_quota_us', String(quota ?? -1));
  const weight = weights[limits.priority ?? 'normal'];
  two('cpu', 'cpu.weight', String(weight), true);
  one('cpu', 'cpu.shares', String(sharesOf(weight)), true);
  for (const write of [two, one]) write('pids', 'pids.max', String(processes ?? 'max'));
  return settings;
}

const quotaUs = (percent: number): number => Math.max(minQuotaUs, Math.round((percent / 100) * periodUs));
