import { boundOnce, lastError, systemLibrary, windowsError, type Handle } from './libraries.ts';
import {
  accountingSize,
  decodeAccounting,
  decodeExtendedLimits,
  decodeProcessIds,
  encodeCompletionPort,
  encodeCpuRate,
  encodeExtendedLimits,
  JobInformation,
  processIdListSize,
  type JobAccounting,
  type JobLimits,
} from './job-structures.ts';

/** MSDN: what AssignProcessToJobObject wants of its process handle. */
const setQuotaAndTerminate = 0x0100 | 0x0001;
const synchronize = 0x0010_0000;
const errorInvalidParameter = 87;
const errorMoreData = 234;

/**
 * A job object without a name, so that nobody else can open it; the handle is not inherited. What is in it, and all
 * that these processes start, stays in it (MSDN: "Job Objects").
 */
export class JobObject implements Disposable {
  readonly #handle: Handle;
  /** A cap was set: taking it away is another call. */
  #capped = false;

  constructor() {
    this.#handle = functions().CreateJobObjectW(null, null);
    if (!this.#handle) throw windowsError('CreateJobObjectW', lastError());
  }

  setLimits(limits: JobLimits): void {
    this.#set(JobInformation.extendedLimit, encodeExtendedLimits(limits), 'limits');
    if (limits.cpuRate === undefined && !this.#capped) return;
    this.#set(JobInformation.cpuRateControl, encodeCpuRate(limits.cpuRate), 'processor rate');
    this.#capped = limits.cpuRate !== undefined;
  }

  /** As the system keeps them. */
  limits(): Omit<JobLimits, 'cpuRate'> {
    return decodeExtendedLimits(this.#query(JobInformation.extendedLimit, 144));
  }

  /** From now on messages about the job arrive at the port under the key. */
  notify(port: CompletionPort, key: number): void {
    this.#set(JobInformation.associateCompletionPort, encodeCompletionPort(key, port.handle), 'port');
  }

  /** Puts this process in, for good. Undefined when it is done, else why Windows refuses. */
  assignSelf(): Error | undefined {
    const native = functions();
    if (native.AssignProcessToJobObject(this.#handle, native.GetCurrentProcess())) return undefined;
    return windowsError('AssignProcessToJobObject', lastError(), 'this process');
  }

  /** @returns false when the process has ended. Throws when Windows refuses (MSDN: "Nested Jobs"). */
  assign(pid: number): boolean {
    const native = functions();
    const process = native.OpenProcess(setQuotaAndTerminate | synchronize, false, pid);
    if (!process) {
      const code = lastError();
      if (code === errorInvalidParameter) return false;
      throw windowsError('OpenProcess', code, `process ${pid}`);
    }
    try {
      if (native.AssignProcessToJobObject(this.#handle, process)) return true;
      const code = lastError();
      // Access is denied to a process that is ending.
      if (native.WaitForSingleObject(process, 0) === 0) return false;
      throw windowsError('AssignProcessToJobObject', code, `process ${pid}`);
    } finally {
      native.CloseHandle(process);
    }
  }

  /** Ends all processes of the job and of those nested in it. */
  terminate(exitCode: number): void {
    if (!functions().TerminateJobObject(this.#handle, exitCode)) {
      throw windowsError('TerminateJobObject', lastError());
    }
  }

  accounting(): JobAccounting {
    return decodeAccounting(this.#query(JobInformation.basicAccounting, accountingSize));
  }

  /** Of this job and of those nested in it. */
  processIds(): number[] {
    // Processes may start between the two calls.
    for (let room = this.accounting().activeProcesses + 16; ; room *= 2) {
      const bytes = Buffer.alloc(processIdListSize(room));
      if (this.#tryQuery(JobInformation.basicProcessIdList, bytes)) return decodeProcessIds(bytes);
      const code = lastError();
      if (code !== errorMoreData) throw windowsError('QueryInformationJobObject', code);
    }
  }

  [Symbol.dispose](): void {
    functions().CloseHandle(this.#handle);
  }

  #set(what: number, bytes: Buffer, name: string): void {
    if (functions().SetInformationJobObject(this.#handle, what, bytes, bytes.length)) return;
    throw windowsError('SetInformationJobObject', lastError(), `its ${name}`);
  }

  #query(what: number, size: number): Buffer {
    const bytes = Buffer.alloc(size);
    if (this.#tryQuery(what, bytes)) return bytes;
    throw windowsError('QueryInformationJobObject', lastError());
  }

  #tryQuery(what: number, bytes: Buffer): boolean {
    return functions().QueryInformationJobObject(this.#handle, what, bytes, bytes.length, null);
  }
}

export interface JobMessage {
  readonly key: number;
  /** JOB_OBJECT_MSG_…, see MSDN: JOBOBJECT_ASSOCIATE_COMPLETION_PORT. */
  readonly message: number;
  readonly pid: number;
}

/** Where jobs leave messages; it is looked into, never waited for. */
export class CompletionPort implements Disposable {
  readonly handle: Handle;

  constructor() {
    const invalidHandleValue = -1;
    this.handle = functions().CreateIoCompletionPort(invalidHandleValue, 0, 0, 1);
    if (!this.handle) throw windowsError('CreateIoCompletionPort', lastError());
  }

  /** Takes what has arrived. */
  take(): JobMessage[] {
    const messages: JobMessage[] = [];
    const [message, key, pid] = [Buffer.alloc(4), Buffer.alloc(8), Buffer.alloc(8)];
    while (functions().GetQueuedCompletionStatus(this.handle, message, key, pid, 0)) {
      messages.push({
        key: Number(key.readBigUInt64LE()),
        message: message.readUInt32LE(),
        pid: Number(pid.readBigUInt64LE()),
      });
    }
    return messages;
  }

  [Symbol.dispose](): void {
    functions().CloseHandle(this.handle);
  }
}

const functions = boundOnce(bind);

interface Functions {
  readonly CreateJobObjectW: (attributes: null, name: null) => Handle;
  readonly SetInformationJobObject: (job: Handle, what: number, bytes: Buffer, size: number) => boolean;
  readonly QueryInformationJobObject: (
    ...args: [job: Handle, what: number, bytes: Buffer, size: number, written: null]
  ) => boolean;
  readonly AssignProcessToJobObject: (job: Handle, process: Handle) => boolean;
  readonly TerminateJobObject: (job: Handle, exitCode: number) => boolean;
  readonly CreateIoCompletionPort: (file: Handle, port: Handle, key: number, threads: number) => Handle;
  readonly GetQueuedCompletionStatus: (
    ...args: [port: Handle, bytes: Buffer, key: Buffer, overlapped: Buffer, milliseconds: number]
  ) => boolean;
  readonly OpenProcess: (access: number, inherit: boolean, pid: number) => Handle;
  readonly GetCurrentProcess: () => Handle;
  readonly WaitForSingleObject: (handle: Handle, milliseconds: number) => number;
  readonly CloseHandle: (handle: Handle) => boolean;
}

function bind(): Functions {
  const library = systemLibrary('kernel32');
  const func = (definition: string) => library.func(definition) as unknown;
  return {
    CreateJobObjectW: func('uintptr_t __stdcall CreateJobObjectW(void *attributes, void *name)'),
    SetInformationJobObject: func(
      'bool __stdcall SetInformationJobObject(uintptr_t job, int what, void *bytes, uint32 size)',
    ),
    QueryInformationJobObject: func(
      'bool __stdcall QueryInformationJobObject(uintptr_t job, int what, void *bytes, uint32 size, void *written)',
    ),
    AssignProcessToJobObject: func(
      'bool __stdcall AssignProcessToJobObject(uintptr_t job, intptr_t process)',
    ),
    TerminateJobObject: func('bool __stdcall TerminateJobObject(uintptr_t job, uint32 exitCode)'),
    CreateIoCompletionPort: func(
      'uintptr_t __stdcall CreateIoCompletionPort(intptr_t file, uintptr_t port, uintptr_t key, uint32 threads)',
    ),
    GetQueuedCompletionStatus: func(
      'bool __stdcall GetQueuedCompletionStatus(uintptr_t port, void *bytes, void *key, void *overlapped, uint32 ms)',
    ),
    OpenProcess: func('uintptr_t __stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)'),
    GetCurrentProcess: func('intptr_t __stdcall GetCurrentProcess()'),
    WaitForSingleObject: func('uint32 __stdcall WaitForSingleObject(uintptr_t handle, uint32 ms)'),
    CloseHandle: func('bool __stdcall CloseHandle(uintptr_t handle)'),
  } as Functions;
}
