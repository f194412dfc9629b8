import { boundOnce, systemLibrary, type Handle } from './libraries.ts';

const queryLimitedInformation = 0x1000;
/** FILETIME counts 100 ns from 1601-01-01; this is 1970-01-01 in it (MSDN: FILETIME). */
const unixEpoch = 116_444_736_000_000_000n;

interface Functions {
  readonly OpenProcess: (access: number, inherit: boolean, pid: number) => Handle;
  readonly GetProcessTimes: (
    process: Handle,
    created: Buffer,
    exited: Buffer,
    kernel: Buffer,
    user: Buffer,
  ) => boolean;
  readonly CloseHandle: (handle: Handle) => boolean;
}

/** When a process was started, in milliseconds since the Unix epoch; undefined when it is gone or not ours to look at. */
export function processStartTime(pid: number): number | undefined {
  const native = functions();
  const handle = native.OpenProcess(queryLimitedInformation, false, pid);
  if (!handle) return undefined;
  const created = Buffer.alloc(8);
  const ok = native.GetProcessTimes(handle, created, Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8));
  native.CloseHandle(handle);
  return ok ? Number((created.readBigUInt64LE() - unixEpoch) / 10_000n) : undefined;
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
    CloseHandle: func('bool __stdcall CloseHandle(uintptr_t handle)'),
  } as Functions;
}
