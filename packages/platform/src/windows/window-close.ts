import { ffi } from '../ffi/index.ts';
import { descendantsAmong, readParents } from './job-processes.ts';
import { boundOnce, systemLibrary, type Handle } from './libraries.ts';

/** MSDN: WM_CLOSE. */
const closeMessage = 0x0010;

/**
 * WM_CLOSE to each top-level window of a process and of what it has started. For the helper process alone: under Wine
 * without a display these calls may not come back. Windows of another desktop or session are out of reach (MSDN: EnumWindows); a
 * service's programs share the service's own.
 *
 * @returns how many windows were asked
 */
export function closeWindows(pid: number): number {
  const native = functions();
  const parents = readParents();
  const owners = new Set([pid, ...descendantsAmong(pid, new Set(parents.keys()), parents)]);
  const windows: Handle[] = [];
  const owner = Buffer.alloc(4);
  native.EnumWindows((window) => {
    native.GetWindowThreadProcessId(window, owner);
    if (owners.has(owner.readUInt32LE())) windows.push(window);
    return true;
  }, 0);
  return windows.filter((window) => native.PostMessageW(window, closeMessage, 0, 0)).length;
}

interface Functions {
  readonly EnumWindows: (callback: (window: Handle) => boolean, data: number) => boolean;
  readonly GetWindowThreadProcessId: (window: Handle, pid: Buffer) => number;
  readonly PostMessageW: (window: Handle, message: number, wParam: number, lParam: number) => boolean;
}

const functions = boundOnce((): Functions => {
  const library = systemLibrary('user32');
  ffi().proto('bool __stdcall MainstayEnumWindow(uintptr_t window, intptr_t data)');
  const func = (definition: string) => library.func(definition) as unknown;
  return {
    EnumWindows: func('bool __stdcall EnumWindows(MainstayEnumWindow *callback, intptr_t data)'),
    GetWindowThreadProcessId: func('uint32 __stdcall GetWindowThreadProcessId(uintptr_t window, void *pid)'),
    PostMessageW: func(
      'bool __stdcall PostMessageW(uintptr_t window, uint32 message, uintptr_t wParam, intptr_t lParam)',
    ),
  } as Functions;
});
