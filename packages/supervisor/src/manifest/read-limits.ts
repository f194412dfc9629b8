import { formatSize } from '@mainstay/core';

import { bounds } from './bounds.ts';
import type { ManifestSurroundings, ResourceLimits } from './types.ts';
import type { Value } from './value.ts';

export const noLimits: ResourceLimits = {
  memorySoftBytes: undefined,
  memoryHardBytes: undefined,
  reclaimMs: 60_000,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  openFilesAlertShare: 0.9,
  priority: undefined,
};

type Machine = ManifestSurroundings['machine'];

export function readLimits(value: Value, machine: Machine): ResourceLimits {
  let limits = noLimits;
  const set = (change: Partial<ResourceLimits>): void => {
    limits = { ...limits, ...change };
  };
  value.block({
    memory: (field) => set(readMemory(field, machine)),
    cpu: (field) => set({ cpuPercent: readCpu(field, machine) }),
    processes: (field) => set({ processes: field.integer(bounds.processes) }),
    openFiles: (field) => set(readOpenFiles(field)),
    priority: (field) => set({ priority: field.oneOf(['idle', 'low', 'normal', 'high']) }),
  });
  return limits;
}

/** A size alone is the hard bound. */
function readMemory(value: Value, machine: Machine): Partial<ResourceLimits> {
  if (!value.isMap) return { memoryHardBytes: readMemorySize(value, machine) };
  let memorySoftBytes: number | undefined;
  let memoryHardBytes: number | undefined;
  let reclaimMs = noLimits.reclaimMs;
  value.block({
    soft: (field) => (memorySoftBytes = readMemorySize(field, machine)),
    hard: (field) => (memoryHardBytes = readMemorySize(field, machine)),
    reclaim: (field) => (reclaimMs = field.duration(bounds.reclaim) ?? reclaimMs),
  });
  if (memorySoftBytes !== undefined && memoryHardBytes !== undefined && memorySoftBytes >= memoryHardBytes)
    value.refuse(
      `has a soft bound of ${formatSize(memorySoftBytes)}, which must be below the hard one of ${formatSize(memoryHardBytes)}`,
    );
  return { memorySoftBytes, memoryHardBytes, reclaimMs };
}

function readMemorySize(value: Value, machine: Machine): number | undefined {
  const bytes = value.size(bounds.memory);
  if (bytes === undefined || !machine || bytes <= machine.memoryBytes) return bytes;
  return value.refuse(`is ${formatSize(bytes)}, and this machine has ${formatSize(machine.memoryBytes)}`);
}

/** `50%` of one core, `1.5 cores`. A bare number would be per cent to some and cores to others. */
function readCpu(value: Value, machine: Machine): number | undefined {
  const text = value.text();
  if (text === undefined) return undefined;
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(%|cores?)$/.exec(text) ?? [];
  if (unit === '') return value.refuse(`is "${text}"; write per cent of one core such as 50%, or 1.5 cores`);
  const percent = Number(digits) * (unit === '%' ? 1 : 100);
  if (percent < 1) return value.refuse(`is "${text}"; the least is 1%`);
  if (machine && percent > machine.cores * 100)
    return value.refuse(
      `is "${text}", and this machine has ${machine.cores * 100}% (${machine.cores} cores)`,
    );
  return percent;
}

/** A number alone is the bound. */
function readOpenFiles(value: Value): Partial<ResourceLimits> {
  if (!value.isMap) return { openFiles: value.integer(bounds.openFiles) };
  let openFiles: number | undefined;
  let { openFilesAlertShare } = noLimits;
  value.block({
    max: (field) => (openFiles = field.integer(bounds.openFiles)),
    alert: (field) => {
      const text = field.text();
      const share = Number(/^(\d+(?:\.\d+)?)%$/.exec(text ?? '')?.[1] ?? Number.NaN) / 100;
      if (share > 0 && share <= 1) openFilesAlertShare = share;
      else if (text !== undefined) field.refuse(`is "${text}"; write per cent of max, such as 90%`);
    },
  });
  return { openFiles, openFilesAlertShare };
}
