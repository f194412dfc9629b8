import type { ContainmentLimits } from '../containment/types.ts';

// The structures of winnt.h for 64-bit Windows, the only one that we build for. Offsets follow from the order and the
// alignment of the members as MSDN lists them; `test/windows/job-structures.test.ts` freezes them.

/** MSDN: JOBOBJECTINFOCLASS. */
export const JobInformation = {
  basicAccounting: 1,
  basicProcessIdList: 3,
  associateCompletionPort: 7,
  extendedLimit: 9,
  cpuRateControl: 15,
} as const;

/** MSDN: JOBOBJECT_BASIC_LIMIT_INFORMATION, LimitFlags. */
export const JobLimit = {
  activeProcess: 0x8,
  priorityClass: 0x20,
  jobMemory: 0x200,
  dieOnUnhandledException: 0x400,
  breakawayOk: 0x800,
  silentBreakawayOk: 0x1000,
  killOnJobClose: 0x2000,
} as const;

/** MSDN: JOBOBJECT_ASSOCIATE_COMPLETION_PORT, "JOB_OBJECT_MSG_JOB_MEMORY_LIMIT". */
export const jobMemoryLimitMessage = 10;

/**
 * MSDN: SetPriorityClass. `high` is ABOVE_NORMAL: HIGH_PRIORITY_CLASS can starve the system's own threads, and needs
 * SE_INC_BASE_PRIORITY_NAME, which a service's account does not have.
 */
export const priorityClasses = { idle: 0x40, low: 0x4000, normal: 0x20, high: 0x8000 } as const;

export interface JobLimits {
  /** Of {@link JobLimit}. */
  readonly flags: number;
  /** Committed bytes of all processes together; 0 without the flag. */
  readonly memoryBytes: number;
  readonly processes: number;
  readonly priorityClass: number;
  /** In 1/10,000 of the time of all processors; undefined for no cap. */
  readonly cpuRate: number | undefined;
}

/**
 * What a service's limits are in terms of a job. A job's processes die with its last handle, and one that crashes ends
 * without a dialogue that nobody would answer.
 */
export function jobLimitsOf(limits: ContainmentLimits, processors: number): JobLimits {
  const { memoryHardBytes, processes, priority } = limits;
  const flags = [
    JobLimit.killOnJobClose | JobLimit.dieOnUnhandledException,
    memoryHardBytes === undefined ? 0 : JobLimit.jobMemory,
    processes === undefined ? 0 : JobLimit.activeProcess,
    priority === undefined ? 0 : JobLimit.priorityClass,
  ].reduce((all, flag) => all | flag, 0);
  return {
    flags,
    memoryBytes: memoryHardBytes ?? 0,
    processes: processes ?? 0,
    priorityClass: priority === undefined ? 0 : priorityClasses[priority],
    cpuRate: cpuRateOf(limits.cpuPercent, processors),
  };
}

/**
 * MSDN: JOBOBJECT_CPU_RATE_CONTROL_INFORMATION, CpuRate: cycles of each 10,000 that may be used, of all processors
 * together. It may be neither 0 nor above 10,000.
 */
export function cpuRateOf(percentOfOneCore: number | undefined, processors: number): number | undefined {
  if (percentOfOneCore === undefined || percentOfOneCore >= processors * 100) return undefined;
  return Math.max(1, Math.round((percentOfOneCore / processors) * 100));
}

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION. */
export function encodeExtendedLimits(limits: Omit<JobLimits, 'cpuRate'>): Buffer {
  const bytes = Buffer.alloc(144);
  bytes.writeUInt32LE(limits.flags, 16);
  bytes.writeUInt32LE(limits.processes, 40);
  bytes.writeUInt32LE(limits.priorityClass, 56);
  bytes.writeBigUInt64LE(BigInt(limits.memoryBytes), 120);
  return bytes;
}

/** The part of JOBOBJECT_EXTENDED_LIMIT_INFORMATION that {@link encodeExtendedLimits} writes. */
export function decodeExtendedLimits(bytes: Buffer): Omit<JobLimits, 'cpuRate'> {
  return {
    flags: bytes.readUInt32LE(16),
    processes: bytes.readUInt32LE(40),
    priorityClass: bytes.readUInt32LE(56),
    memoryBytes: Number(bytes.readBigUInt64LE(120)),
  };
}

/** JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: enabled with a hard cap, or not at all. */
export function encodeCpuRate(rate: number | undefined): Buffer {
  const [enable, hardCap] = [0x1, 0x4];
  const bytes = Buffer.alloc(8);
  if (rate === undefined) return bytes;
  bytes.writeUInt32LE(enable | hardCap, 0);
  bytes.writeUInt32LE(rate, 4);
  return bytes;
}

export interface JobAccounting {
  /** User and kernel time of all processes that have ever been in the job. */
  readonly cpuMs: number;
  readonly activeProcesses: number;
}

export const accountingSize = 48;

/** JOBOBJECT_BASIC_ACCOUNTING_INFORMATION; its times count 100 ns. */
export function decodeAccounting(bytes: Buffer): JobAccounting {
  const time = bytes.readBigUInt64LE(0) + bytes.readBigUInt64LE(8);
  return { cpuMs: Number(time) / 10_000, activeProcesses: bytes.readUInt32LE(40) };
}

/** Bytes of a JOBOBJECT_BASIC_PROCESS_ID_LIST for so many processes. */
export function processIdListSize(processes: number): number {
  return 8 + 8 * processes;
}

/** JOBOBJECT_BASIC_PROCESS_ID_LIST. */
export function decodeProcessIds(bytes: Buffer): number[] {
  const count = bytes.readUInt32LE(4);
  return Array.from({ length: count }, (_, index) => Number(bytes.readBigUInt64LE(8 + 8 * index)));
}

/** JOBOBJECT_ASSOCIATE_COMPLETION_PORT: messages about the job arrive at the port under the key. */
export function encodeCompletionPort(key: number, port: number | bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(key), 0);
  bytes.writeBigUInt64LE(BigInt(port), 8);
  return bytes;
}
