import { ffi } from '../ffi/index.ts';
import { Win32 } from './codes.ts';
import { lastError, systemLibrary, windowsError, type Handle, type Pointer } from './libraries.ts';
import { encodeServiceStatus, type ServiceStatus } from './service-status.ts';
import type { ScmControl } from './controls.ts';

export interface DispatcherEvents {
  /** ServiceMain: the arguments of StartService, the first of them the name that the service is installed under. */
  started(args: readonly string[]): void;
  /** HandlerEx: what it returns goes to the sender of the control. Has to return at once. */
  control(control: ScmControl): number;
  /** StartServiceCtrlDispatcher gave up without having called ServiceMain: nobody started us as a service. */
  refused(): void;
}

/** The connection of this process to the SCM. */
export interface Dispatcher {
  setStatus(status: ServiceStatus): void;
  /** Ends the process at once, whatever its threads are doing (MSDN: TerminateProcess). */
  terminate(exitCode: number): never;
}

/** Milliseconds between two looks at the dispatcher's thread, until ServiceMain has been called. */
const pollMs = 10;
/** MSDN: WaitForSingleObject. */
const waitObject0 = 0;

/**
 * Connects to the SCM. StartServiceCtrlDispatcherW blocks until the service has stopped, so it gets a native thread of
 * its own; its callbacks come back to the JavaScript thread that called this, which must not be busy with anything
 * else. A thread of Node's pool will not do: `process.exit()` would wait for it.
 */
export function connectDispatcher(serviceName: string, events: DispatcherEvents): Dispatcher {
  const koffi = ffi();
  const native = bindings();
  let statusHandle: Handle = 0;
  let poll: NodeJS.Timeout | undefined;

  const handlerType = koffi.proto(
    'uint32 __stdcall MainstayHandlerEx(uint32 control, uint32 eventType, void *eventData, void *context)',
  );
  const mainType = koffi.proto('void __stdcall MainstayServiceMain(uint32 argc, void *argv)');
  const handler = koffi.register((code: number, eventType: number, eventData: Pointer): number => {
    return events.control({ code, eventType, sessionId: sessionIdOf(code, eventData) });
  }, koffi.pointer(handlerType));
  const serviceMain = koffi.register((argc: number, argv: Pointer): void => {
    clearInterval(poll);
    const args = Array.from({ length: argc }, (_, index) =>
      String(koffi.decode(koffi.decode(argv, index * 8, 'void *'), 'char16_t', -1)),
    );
    statusHandle = native.RegisterServiceCtrlHandlerExW(serviceName, handler, null);
    if (!statusHandle) throw windowsError('RegisterServiceCtrlHandlerExW', lastError(), serviceName);
    events.started(args);
  }, koffi.pointer(mainType));

  const thread = startDispatcherThread(serviceName, serviceMain);
  poll = setInterval(() => {
    if (native.WaitForSingleObject(thread, 0) !== waitObject0) return;
    clearInterval(poll);
    events.refused();
  }, pollMs);

  return {
    setStatus(status) {
      if (!native.SetServiceStatus(statusHandle, encodeServiceStatus(status))) {
        throw windowsError('SetServiceStatus', lastError(), serviceName);
      }
    },
    terminate(exitCode) {
      native.TerminateProcess(native.GetCurrentProcess(), exitCode);
      throw windowsError('TerminateProcess', lastError());
    },
  };
}

/** WTSSESSION_NOTIFICATION: { DWORD cbSize; DWORD dwSessionId; } (MSDN). */
function sessionIdOf(code: number, eventData: Pointer): number {
  return code === 14 && eventData ? Number(ffi().decode(eventData, 4, 'uint32')) : 0;
}

function startDispatcherThread(serviceName: string, serviceMain: bigint): Handle {
  const koffi = ffi();
  const native = bindings();
  // SERVICE_TABLE_ENTRYW[2], the last all zeros. Never freed: the SCM's thread reads it as long as the process lives.
  const name = koffi.alloc('char16_t', serviceName.length + 1) as bigint;
  koffi.encode(name, koffi.array('char16_t', serviceName.length + 1), `${serviceName}\0`);
  const table = koffi.alloc('uint64', 4) as bigint;
  koffi.encode(table, koffi.array('uint64', 4), [koffi.address(name), koffi.address(serviceMain), 0n, 0n]);
  const start = native.GetProcAddress(native.GetModuleHandleW('advapi32.dll'), 'StartServiceCtrlDispatcherW');
  const thread = native.CreateThread(null, 0, start, table, 0, null);
  if (!thread) throw windowsError('CreateThread', lastError() || Win32.success);
  return thread;
}

function bindings() {
  const advapi = systemLibrary('advapi32');
  const kernel = systemLibrary('kernel32');
  const func = (library: typeof kernel, definition: string) => library.func(definition);
  return {
    RegisterServiceCtrlHandlerExW: func(
      advapi,
      'uintptr_t __stdcall RegisterServiceCtrlHandlerExW(str16 name, void *handler, void *context)',
    ) as (name: string, handler: bigint, context: null) => Handle,
    SetServiceStatus: func(advapi, 'bool __stdcall SetServiceStatus(uintptr_t handle, void *status)') as (
      handle: Handle,
      status: Buffer,
    ) => boolean,
    GetModuleHandleW: func(kernel, 'uintptr_t __stdcall GetModuleHandleW(str16 name)') as (
      name: string,
    ) => Handle,
    GetProcAddress: func(kernel, 'void * __stdcall GetProcAddress(uintptr_t module, const char *name)') as (
      module: Handle,
      name: string,
    ) => bigint,
    CreateThread: func(
      kernel,
      'uintptr_t __stdcall CreateThread(void *security, size_t stack, void *start, void *parameter, uint32 flags, void *id)',
    ) as (security: null, stack: number, start: bigint, parameter: bigint, flags: number, id: null) => Handle,
    WaitForSingleObject: func(
      kernel,
      'uint32 __stdcall WaitForSingleObject(uintptr_t handle, uint32 ms)',
    ) as (handle: Handle, milliseconds: number) => number,
    GetCurrentProcess: func(kernel, 'intptr_t __stdcall GetCurrentProcess()') as () => Handle,
    TerminateProcess: func(kernel, 'bool __stdcall TerminateProcess(intptr_t process, uint32 exitCode)') as (
      process: Handle,
      exitCode: number,
    ) => boolean,
  };
}
