import { boundOnce, lastError, systemLibrary, windowsError, type Handle } from './libraries.ts';
import { ffi } from '../ffi/index.ts';
import { Win32 } from './codes.ts';
import { freeLocal, fromSddl, toSddl } from './security.ts';

const readControl = 0x0002_0000;
const writeDac = 0x0004_0000;
const openExisting = 3;
const invalidHandle = -1;
/** MSDN: SE_OBJECT_TYPE, SE_KERNEL_OBJECT: what a pipe is to SetSecurityInfo. */
const kernelObject = 6;
const ownerInformation = 0x1;
const daclInformation = 0x4;
const protectedDacl = 0x8000_0000;
const tokenQuery = 0x8;
/** MSDN: TOKEN_INFORMATION_CLASS, TokenUser and TokenOwner. */
const tokenUser = 1;
const tokenOwner = 4;
const accountAdministrators = 'S-1-5-32-544';
const accountSystem = 'S-1-5-18';

/** Full access for one account, SYSTEM and the administrators, nothing for others. SDDL, MSDN. */
export function pipeSddl(sid: string): string {
  return `D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;${sid})`;
}

/** True when nobody but this account, SYSTEM or the administrators can have made it. `owner` is a SID. */
export function isTrustedOwner(owner: string, self: readonly string[] = currentSids()): boolean {
  return owner === accountSystem || owner === accountAdministrators || self.includes(owner);
}

/** The SID of the account that this process runs as. */
export function currentUserSid(): string {
  return sidOfToken(tokenUser);
}

/** The account of this process, and the owner of what it makes: an administrator's things are the administrators'. */
function currentSids(): readonly string[] {
  return [currentUserSid(), sidOfToken(tokenOwner)];
}

function sidOfToken(what: number): string {
  const native = functions();
  const token = Buffer.alloc(8);
  if (!native.OpenProcessToken(native.GetCurrentProcess(), tokenQuery, token)) {
    throw windowsError('OpenProcessToken', lastError());
  }
  try {
    // TOKEN_USER and TOKEN_OWNER begin with the address of the SID, which follows; a SID has at most 68 bytes.
    const bytes = Buffer.alloc(256);
    const written = Buffer.alloc(4);
    if (!native.GetTokenInformation(token.readBigUInt64LE(), what, bytes, bytes.length, written)) {
      throw windowsError('GetTokenInformation', lastError());
    }
    return sidText(bytes.readBigUInt64LE());
  } finally {
    native.CloseHandle(token.readBigUInt64LE());
  }
}

/**
 * Closes a named pipe of this process to everybody but its own account, SYSTEM and the administrators. To be called
 * once it listens: until then, as Node makes it, others may open it for reading, not send anything (MSDN: "Named Pipe
 * Security and Access Rights"). The server sees one connection that says nothing. The descriptor is the pipe's, not
 * this connection's: all later ones are held to it.
 */
export function protectPipe(path: string, sid = currentUserSid()): void {
  const native = functions();
  const pipe = openPipe(path, readControl | writeDac);
  try {
    const descriptor = fromSddl(pipeSddl(sid));
    try {
      const [list, flag] = [Buffer.alloc(8), Buffer.alloc(4)];
      native.GetSecurityDescriptorDacl(descriptor, flag, list, Buffer.alloc(4));
      const what = (daclInformation | protectedDacl) >>> 0;
      const code = native.SetSecurityInfo(
        ...([pipe, kernelObject, what, null, null, list.readBigUInt64LE(), null] as const),
      );
      if (code !== Win32.success) throw windowsError('SetSecurityInfo', code, path);
    } finally {
      freeLocal(descriptor);
    }
  } finally {
    native.CloseHandle(pipe);
  }
}

export interface PipeSecurity {
  /** Who made it, as a SID; undefined where the system does not say (Wine). */
  readonly owner: string | undefined;
  /** SDDL. */
  readonly dacl: string;
}

/**
 * Who made a named pipe, and who may open it. Another account can make one of our name before we do, so a client asks
 * before it sends a secret; the server sees one connection that says nothing. Throws WINDOWS_CALL_FAILED, with code 2
 * when there is no such pipe.
 */
export function readPipeSecurity(path: string): PipeSecurity {
  const native = functions();
  const pipe = openPipe(path, readControl);
  try {
    const [owner, descriptor] = [Buffer.alloc(8), Buffer.alloc(8)];
    const what = ownerInformation | daclInformation;
    const code = native.GetSecurityInfo(
      ...([pipe, kernelObject, what, owner, null, null, null, descriptor] as const),
    );
    if (code !== Win32.success) throw windowsError('GetSecurityInfo', code, path);
    try {
      const sid = owner.readBigUInt64LE();
      const sddl = toSddl(descriptor.readBigUInt64LE());
      return {
        owner: sid === 0n ? undefined : sidText(sid),
        dacl: sddl.slice(Math.max(0, sddl.indexOf('D:'))),
      };
    } finally {
      freeLocal(descriptor.readBigUInt64LE());
    }
  } finally {
    native.CloseHandle(pipe);
  }
}

function openPipe(path: string, access: number): Handle {
  const pipe = functions().CreateFileW(path, access >>> 0, 0, null, openExisting, 0, 0);
  if (pipe === invalidHandle) throw windowsError('CreateFileW', lastError(), path);
  return pipe;
}

function sidText(sid: bigint): string {
  const native = functions();
  const text = Buffer.alloc(8);
  if (!native.ConvertSidToStringSidW(sid, text)) throw windowsError('ConvertSidToStringSidW', lastError());
  try {
    return String(ffi().decode(text.readBigUInt64LE(), 'char16_t', -1));
  } finally {
    freeLocal(text.readBigUInt64LE());
  }
}

interface Functions {
  readonly GetCurrentProcess: () => Handle;
  readonly CloseHandle: (handle: Handle) => boolean;
  readonly CreateFileW: (
    ...args: [
      path: string,
      access: number,
      share: number,
      attributes: null,
      how: number,
      flags: number,
      template: 0,
    ]
  ) => Handle;
  readonly OpenProcessToken: (process: Handle, access: number, token: Buffer) => boolean;
  readonly GetTokenInformation: (
    ...args: [token: Handle, what: number, bytes: Buffer, size: number, written: Buffer]
  ) => boolean;
  readonly ConvertSidToStringSidW: (sid: Handle, text: Buffer) => boolean;
  readonly GetSecurityDescriptorDacl: (
    ...args: [descriptor: Handle, present: Buffer, dacl: Buffer, defaulted: Buffer]
  ) => boolean;
  readonly SetSecurityInfo: (
    ...args: readonly [
      pipe: Handle,
      type: number,
      what: number,
      owner: null,
      group: null,
      dacl: Handle,
      sacl: null,
    ]
  ) => number;
  readonly GetSecurityInfo: (
    ...args: readonly [
      ...[pipe: Handle, type: number, what: number, owner: Buffer, group: null, dacl: null, sacl: null],
      descriptor: Buffer,
    ]
  ) => number;
}

const functions = boundOnce((): Functions => {
  const advapi = systemLibrary('advapi32');
  const kernel = systemLibrary('kernel32');
  const func = (library: typeof advapi, definition: string) => library.func(definition) as unknown;
  return {
    GetCurrentProcess: func(kernel, 'intptr_t __stdcall GetCurrentProcess()'),
    CloseHandle: func(kernel, 'bool __stdcall CloseHandle(intptr_t handle)'),
    CreateFileW: func(
      kernel,
      'intptr_t __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *attributes, uint32 how, uint32 flags, uintptr_t template)',
    ),
    OpenProcessToken: func(
      advapi,
      'bool __stdcall OpenProcessToken(intptr_t process, uint32 access, void *token)',
    ),
    GetTokenInformation: func(
      advapi,
      'bool __stdcall GetTokenInformation(uintptr_t token, int what, void *bytes, uint32 size, void *written)',
    ),
    ConvertSidToStringSidW: func(advapi, 'bool __stdcall ConvertSidToStringSidW(uintptr_t sid, void *text)'),
    GetSecurityDescriptorDacl: func(
      advapi,
      'bool __stdcall GetSecurityDescriptorDacl(uintptr_t descriptor, void *present, void *dacl, void *defaulted)',
    ),
    SetSecurityInfo: func(
      advapi,
      'uint32 __stdcall SetSecurityInfo(intptr_t handle, int type, uint32 what, void *owner, void *group, uintptr_t dacl, void *sacl)',
    ),
    GetSecurityInfo: func(
      advapi,
      'uint32 __stdcall GetSecurityInfo(intptr_t handle, int type, uint32 what, void *owner, void *group, void *dacl, void *sacl, void *descriptor)',
    ),
  } as Functions;
});
