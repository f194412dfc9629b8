import { boundOnce, lastError, systemLibrary, windowsError, type Handle } from './libraries.ts';

const queryLimitedInformation = 0x1000;
/** MSDN: CreateToolhelp32Snapshot, TH32CS_SNAPPROCESS. */
const snapshotProcesses = 0x2;
/** PROCESSENTRY32W on 64-bit Windows. */
const entrySize = 568;
/** PROCESS_MEMORY_COUNTERS on 64-bit Windows. */
const countersSize = 72;

export interface ProcessUsage {
  /** User and kernel time. */
  readonly cpuMs: number;
  /** PagefileUsage: what it has committed, which is what a job's memory limit counts; not 0 since Windows 8 (MSDN). */
  readonly memoryBytes: number;
  readonly handles: number;
}

/** What one process takes; undefined when it is gone or not ours to look at. */
export function readProcessUsage(pid: number): ProcessUsage | undefined {
  const native = functions();
  const handle = native.OpenProcess(queryLimitedInformation, false, pid);
  if (!handle) return undefined;
  try {
    const [kernel, user, unused] = [Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8)];
    const [counters, handles] = [Buffer.alloc(countersSize), Buffer.alloc(4)];
    counters.writeUInt32LE(countersSize, 0);
    const isRead =
      native.GetProcessTimes(handle, unused, unused, kernel, user) &&
      native.K32GetProcessMemoryInfo(handle, counters, countersSize) &&
      native.GetProcessHandleCount(handle, handles);
    if (!isRead) return undefined;
    return {
      cpuMs: Number(kernel.readBigUInt64LE() + user.readBigUInt64LE()) / 10_000,
      memoryBytes: Number(counters.readBigUInt64LE(56)),
      handles: handles.readUInt32LE(),
    };
  } finally {
    native.CloseHandle(handle);
  }
}

/** The parent of every process of the system. A parent may be gone and its number be another process's. */
export function readParents(): ReadonlyMap<number, number> {
  const native = functions();
  const snapshot = native.CreateToolhelp32Snapshot(snapshotProcesses, 0);
  if (snapshot === -1) throw windowsError('CreateToolhelp32Snapshot', lastError());
  try {
    const parents = new Map<number, number>();
    const entry = Buffer.alloc(entrySize);
    entry.writeUInt32LE(entrySize, 0);
    for (let more = native.Process32FirstW(snapshot, entry); more;) {
      parents.set(entry.readUInt32LE(8), entry.readUInt32LE(32));
      more = native.Process32NextW(snapshot, entry);
    }
    return parents;
  } finally {
    native.CloseHandle(snapshot);
  }
}

/** Those of `candidates` that come from `pid` by way of others of them: children, grandchildren. */
export function descendantsAmong(
  pid: number,
  candidates: ReadonlySet<number>,
  parents: ReadonlyMap<number, number>,
): number[] {
  const isDescendant = (candidate: number): boolean => {
    const seen = new Set<number>();
    for (let at = candidate; candidates.has(at) && !seen.has(at);) {
      seen.add(at);
      const parent = parents.get(at);
      if (parent === undefined) return false;
      if (parent === pid) return true;
      at = parent;
    }
    return false;
  };
  return [...candidates].filter(isDescendant);
}

interface Functions {
  readonly OpenProcess: (access: number, inherit: boolean, pid: number) => Handle;
  readonly GetProcessTimes: (
    ...args: [process: Handle, created: Buffer, exited: Buffer, kernel: Buffer, user: Buffer]
  ) => boolean;
  readonly K32GetProcessMemoryInfo: (process: Handle, counters: Buffer, size: number) => boolean;
  readonly GetProcessHandleCount: (process: Handle, count: Buffer) => boolean;
  readonly CreateToolhelp32Snapshot: (flags: number, pid: number) => Handle;
  readonly Process32FirstW: (snapshot: Handle, entry: Buffer) => boolean;
  readonly Process32NextW: (snapshot: Handle, entry: Buffer) => boolean;
  readonly CloseHandle: (handle: Handle) => boolean;
}

const functions = boundOnce(bind);

function bind(): Functions {
  const library = systemLibrary('kernel32');
  const func = (definition: string) => library.func(definition) as unknown;
  return {
    OpenProcess: func('uintptr_t __stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)'),
    GetProcessTimes: func(
      'bool __stdcall GetProcessTimes(uintptr_t process, void *created, void *exited, void *kernel, void *user)',
    ),
    K32GetProcessMemoryInfo: func(
      'bool __stdcall K32GetProcessMemoryInfo(uintptr_t process, void *counters, uint32 size)',
    ),
    GetProcessHandleCount: func('bool __stdcall GetProcessHandleCount(uintptr_t process, void *count)'),
    CreateToolhelp32Snapshot: func('intptr_t __stdcall CreateToolhelp32Snapshot(uint32 flags, uint32 pid)'),
    Process32FirstW: func('bool __stdcall Process32FirstW(intptr_t snapshot, void *entry)'),
    Process32NextW: func('bool __stdcall Process32NextW(intptr_t snapshot, void *entry)'),
    CloseHandle: func('bool __stdcall CloseHandle(intptr_t handle)'),
  } as Functions;
}
