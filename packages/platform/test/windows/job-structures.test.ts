import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainmentLimits } from '../../src/containment/types.ts';
import {
  accountingSize,
  cpuRateOf,
  decodeAccounting,
  decodeExtendedLimits,
  decodeProcessIds,
  encodeCompletionPort,
  encodeCpuRate,
  encodeExtendedLimits,
  jobLimitsOf,
  processIdListSize,
} from '../../src/windows/job-structures.ts';

const none: ContainmentLimits = {
  memoryHardBytes: undefined,
  memorySoftBytes: undefined,
  cpuPercent: undefined,
  processes: undefined,
  openFiles: undefined,
  priority: undefined,
};

/** A member of a C structure: its size is its alignment, as with all that winnt.h has here. */
type Member = readonly [name: string, size: 4 | 8];

/** Offsets by the rules of the 64-bit ABI (MSDN: "x64 structure alignment"). */
function layOut(members: readonly Member[]): {
  readonly offsets: Record<string, number>;
  readonly size: number;
} {
  const offsets: Record<string, number> = {};
  let at = 0;
  for (const [name, size] of members) {
    at = Math.ceil(at / size) * size;
    offsets[name] = at;
    at += size;
  }
  const alignment = Math.max(...members.map(([, size]) => size));
  return { offsets, size: Math.ceil(at / alignment) * alignment };
}

/** MSDN: JOBOBJECT_EXTENDED_LIMIT_INFORMATION with its two inner structures, in their order. */
const extendedLimits = layOut([
  ['PerProcessUserTimeLimit', 8],
  ['PerJobUserTimeLimit', 8],
  ['LimitFlags', 4],
  ['MinimumWorkingSetSize', 8],
  ['MaximumWorkingSetSize', 8],
  ['ActiveProcessLimit', 4],
  ['Affinity', 8],
  ['PriorityClass', 4],
  ['SchedulingClass', 4],
  ...['Read', 'Write', 'Other', 'ReadBytes', 'WriteBytes', 'OtherBytes'].map((name) => [name, 8] as const),
  ['ProcessMemoryLimit', 8],
  ['JobMemoryLimit', 8],
  ['PeakProcessMemoryUsed', 8],
  ['PeakJobMemoryUsed', 8],
]);

const accounting = layOut([
  ['TotalUserTime', 8],
  ['TotalKernelTime', 8],
  ['ThisPeriodTotalUserTime', 8],
  ['ThisPeriodTotalKernelTime', 8],
  ['TotalPageFaultCount', 4],
  ['TotalProcesses', 4],
  ['ActiveProcesses', 4],
  ['TotalTerminatedProcesses', 4],
]);

describe('structures of job objects', () => {
  it('JOBOBJECT_EXTENDED_LIMIT_INFORMATION', () => {
    const { offsets, size } = extendedLimits;
    const bytes = encodeExtendedLimits({
      flags: 0x1234,
      memoryBytes: 2 ** 40 + 1,
      processes: 7,
      priorityClass: 0x40,
    });
    assert.equal(bytes.length, size);
    assert.equal(size, 144);
    assert.equal(bytes.readUInt32LE(offsets['LimitFlags']), 0x1234);
    assert.equal(bytes.readUInt32LE(offsets['ActiveProcessLimit']), 7);
    assert.equal(bytes.readUInt32LE(offsets['PriorityClass']), 0x40);
    assert.equal(bytes.readBigUInt64LE(offsets['JobMemoryLimit']), 2n ** 40n + 1n);
    const written = new Set([0x1234, 2 ** 40 + 1, 7, 0x40]);
    assert.deepEqual(new Set(Object.values(decodeExtendedLimits(bytes))), written);
  });

  it('JOBOBJECT_BASIC_ACCOUNTING_INFORMATION', () => {
    const { offsets, size } = accounting;
    assert.equal(accountingSize, size);
    const bytes = Buffer.alloc(size);
    bytes.writeBigUInt64LE(15_000_000n, offsets['TotalUserTime']);
    bytes.writeBigUInt64LE(5_000_000n, offsets['TotalKernelTime']);
    bytes.writeUInt32LE(3, offsets['ActiveProcesses']);
    assert.deepEqual(decodeAccounting(bytes), { cpuMs: 2_000, activeProcesses: 3 });
  });

  it('JOBOBJECT_BASIC_PROCESS_ID_LIST', () => {
    const bytes = Buffer.alloc(processIdListSize(3));
    assert.equal(
      bytes.length,
      layOut([
        ['a', 4],
        ['b', 4],
        ['c', 8],
        ['d', 8],
        ['e', 8],
      ]).size,
    );
    bytes.writeUInt32LE(5, 0);
    bytes.writeUInt32LE(2, 4);
    bytes.writeBigUInt64LE(1234n, 8);
    bytes.writeBigUInt64LE(5678n, 16);
    assert.deepEqual(decodeProcessIds(bytes), [1234, 5678]);
  });

  it('JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: enabled with a hard cap, or not at all', () => {
    assert.deepEqual([...encodeCpuRate(2_500)], [0x5, 0, 0, 0, 0xc4, 0x09, 0, 0]);
    assert.deepEqual([...encodeCpuRate(undefined)], [0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('JOBOBJECT_ASSOCIATE_COMPLETION_PORT', () => {
    const bytes = encodeCompletionPort(9, 0x1_0000_0001);
    assert.deepEqual(
      [bytes.length, bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)],
      [16, 9n, 0x1_0000_0001n],
    );
  });
});

describe('limits in terms of a job', () => {
  it('without any, a job still dies with its handle, and shows no dialogue', () => {
    const limits = jobLimitsOf(none, 4);
    assert.deepEqual(limits, {
      flags: 0x2400,
      memoryBytes: 0,
      processes: 0,
      priorityClass: 0,
      cpuRate: undefined,
    });
  });

  it('each limit sets its own flag; the soft bound and open files are not the job’s', () => {
    const flag = (change: Partial<ContainmentLimits>) =>
      jobLimitsOf({ ...none, ...change }, 4).flags & ~0x2400;
    assert.equal(flag({ memoryHardBytes: 1 }), 0x200);
    assert.equal(flag({ processes: 1 }), 0x8);
    assert.equal(flag({ priority: 'idle' }), 0x20);
    assert.equal(flag({ memorySoftBytes: 1, openFiles: 1, cpuPercent: 1 }), 0);
  });

  it('priorities are classes of Windows', () => {
    const classOf = (priority: ContainmentLimits['priority']) =>
      jobLimitsOf({ ...none, priority }, 4).priorityClass;
    assert.deepEqual((['idle', 'low', 'normal', 'high'] as const).map(classOf), [0x40, 0x4000, 0x20, 0x8000]);
  });

  it('a share of one core is one of the whole machine', () => {
    assert.equal(cpuRateOf(50, 1), 5_000);
    assert.equal(cpuRateOf(50, 4), 1_250);
    assert.equal(cpuRateOf(250, 4), 6_250);
    // 0 would be refused, and 10,000 is no cap.
    assert.equal(cpuRateOf(0.1, 64), 1);
    assert.equal(cpuRateOf(400, 4), undefined);
    assert.equal(cpuRateOf(undefined, 4), undefined);
  });
});
