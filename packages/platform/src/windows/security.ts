import { createHash } from 'node:crypto';
import { ffi } from '../ffi/index.ts';
import { Win32 } from './codes.ts';
import { boundOnce, lastError, systemLibrary, windowsError, type Handle } from './libraries.ts';

/**
 * The SID of a service: S-1-5-80 and the SHA-1 of its upper-case UTF-16 name as five numbers (MS-DTYP has the form,
 * `sc showsid` prints the same).
 */
export function serviceSid(name: string): string {
  const hash = createHash('sha1').update(Buffer.from(name.toUpperCase(), 'utf16le')).digest();
  const parts = [0, 4, 8, 12, 16].map((offset) => hash.readUInt32LE(offset));
  return `S-1-5-80-${parts.join('-')}`;
}

/** What may be done with a directory by the account it is for; SYSTEM and Administrators may do everything. */
export type DirectoryAccess = 'modify' | 'read';

/**
 * A protected DACL, in SDDL (MSDN: "Security Descriptor String Format"): nothing is inherited from above, all of it is
 * inherited below; others get nothing. 0x1301bf is Modify, 0x1200a9 Read & Execute.
 */
export function directorySddl(sid: string, access: DirectoryAccess): string {
  const mask = access === 'modify' ? '0x1301bf' : '0x1200a9';
  return `D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;${mask};;;${sid})`;
}

const fileObject = 1;
const ownerInformation = 0x1;
const daclInformation = 0x4;
const protectedDacl = 0x80000000;
const sddlRevision = 1;

/** The owner (as `O:…`) and the DACL (as `D:…`) of a file or directory. */
export function readSecurity(path: string): { readonly owner: string; readonly dacl: string } {
  const native = functions();
  const descriptor = Buffer.alloc(8);
  const code = native.GetNamedSecurityInfoW(
    ...([path, fileObject, ownerInformation | daclInformation, null, null, null, null, descriptor] as const),
  );
  if (code !== Win32.success) throw windowsError('GetNamedSecurityInfoW', code, path);
  try {
    const sddl = toSddl(descriptor.readBigUInt64LE());
    const at = sddl.indexOf('D:');
    return { owner: at === -1 ? sddl : sddl.slice(0, at), dacl: at === -1 ? '' : sddl.slice(at) };
  } finally {
    native.LocalFree(descriptor.readBigUInt64LE());
  }
}

/** Sets the DACL, and gives the directory to the administrators; what is below inherits it. */
export function writeSecurity(path: string, dacl: string): void {
  const native = functions();
  const descriptor = fromSddl(`O:BA${dacl}`);
  try {
    const [owner, list] = [Buffer.alloc(8), Buffer.alloc(8)];
    const flag = Buffer.alloc(4);
    native.GetSecurityDescriptorOwner(descriptor, owner, flag);
    native.GetSecurityDescriptorDacl(descriptor, flag, list, Buffer.alloc(4));
    const what = (ownerInformation | daclInformation | protectedDacl) >>> 0;
    const code = native.SetNamedSecurityInfoW(
      ...([path, fileObject, what, owner.readBigUInt64LE(), null, list.readBigUInt64LE(), null] as const),
    );
    if (code !== Win32.success) throw windowsError('SetNamedSecurityInfoW', code, path);
  } finally {
    native.LocalFree(descriptor);
  }
}

/** Makes a directory that has its permissions from its first moment on. @returns false when it was there */
export function createProtectedDirectory(path: string, dacl: string): boolean {
  const native = functions();
  const descriptor = fromSddl(dacl);
  try {
    // SECURITY_ATTRIBUTES: { DWORD nLength; void *lpSecurityDescriptor; BOOL bInheritHandle; }
    const attributes = Buffer.alloc(24);
    attributes.writeUInt32LE(24, 0);
    attributes.writeBigUInt64LE(BigInt(descriptor), 8);
    if (native.CreateDirectoryW(path, attributes)) return true;
    const code = lastError();
    const alreadyExists = 183;
    if (code === alreadyExists) return false;
    throw windowsError('CreateDirectoryW', code, path);
  } finally {
    native.LocalFree(descriptor);
  }
}

/**
 * True when files on this path's volume keep permissions (MSDN: GetVolumeInformation, FILE_PERSISTENT_ACLS). Wine says
 * so too, but keeps no more than fits into Unix's mode bits.
 */
export function keepsPermissions(path: string): boolean {
  if (isWine()) return false;
  const flags = Buffer.alloc(4);
  const root = `${path.slice(0, 2)}\\`;
  const ok = functions().GetVolumeInformationW(root, null, 0, null, null, flags, null, 0);
  return ok && (flags.readUInt32LE() & 0x8) !== 0;
}

/**
 * The entries of a DACL, in an order and a spelling of their own, so that two can be compared: Windows writes rights
 * by letters or as a number, and adds flags of no consequence.
 */
export function normalizeDacl(sddl: string): string {
  const isProtected = /^D:[A-Z]*P/.test(sddl) ? 'P' : '';
  const entries = [...sddl.matchAll(/\(([^)]*)\)/g)].map((match) => {
    const [type, flags = '', rights = '', , , sid] = String(match[1]).split(';');
    return `(${type};${flags.replace('ID', '')};${rightsMask(rights)};${sid})`;
  });
  return `D:${isProtected}${entries.sort().join('')}`;
}

const rightsByLetters: Readonly<Record<string, number>> = {
  FA: 0x1f01ff,
  FR: 0x120089,
  FW: 0x120116,
  FX: 0x1200a0,
};

function rightsMask(rights: string): string {
  if (/^0x/i.test(rights)) return Number(rights).toString(16);
  const letters = rights.match(/../g) ?? [];
  const mask = letters.reduce((sum, pair) => sum | (rightsByLetters[pair] ?? 0), 0);
  return letters.every((pair) => pair in rightsByLetters) ? mask.toString(16) : rights;
}

let wine: boolean | undefined;

/** Wine's ntdll exports its version (WineHQ: "How can I detect Wine?"). */
function isWine(): boolean {
  const native = functions();
  wine ??= Number(native.GetProcAddress(native.GetModuleHandleW('ntdll.dll'), 'wine_get_version')) !== 0;
  return wine;
}

/** The caller frees it by {@link freeLocal}. */
export function fromSddl(sddl: string): Handle {
  const native = functions();
  const descriptor = Buffer.alloc(8);
  if (!native.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, sddlRevision, descriptor, null)) {
    throw windowsError('ConvertStringSecurityDescriptorToSecurityDescriptorW', lastError(), sddl);
  }
  return descriptor.readBigUInt64LE();
}

/** Owner and DACL of a security descriptor. */
export function toSddl(descriptor: Handle): string {
  const native = functions();
  const text = Buffer.alloc(8);
  const what = ownerInformation | daclInformation;
  if (
    !native.ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, sddlRevision, what, text, null)
  ) {
    throw windowsError('ConvertSecurityDescriptorToStringSecurityDescriptorW', lastError());
  }
  try {
    return String(ffi().decode(text.readBigUInt64LE(), 'char16_t', -1));
  } finally {
    native.LocalFree(text.readBigUInt64LE());
  }
}

/** MSDN: LocalFree, for what Windows allocated. */
export function freeLocal(memory: Handle): void {
  functions().LocalFree(memory);
}

const functions = boundOnce(bind);

function bind() {
  const advapi = systemLibrary('advapi32');
  const kernel = systemLibrary('kernel32');
  const func = (library: typeof advapi, definition: string): unknown => library.func(definition);
  return {
    ConvertStringSecurityDescriptorToSecurityDescriptorW: func(
      advapi,
      'bool __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 sddl, uint32 revision, void *descriptor, void *size)',
    ) as (sddl: string, revision: number, descriptor: Buffer, size: null) => boolean,
    ConvertSecurityDescriptorToStringSecurityDescriptorW: func(
      advapi,
      'bool __stdcall ConvertSecurityDescriptorToStringSecurityDescriptorW(uintptr_t descriptor, uint32 revision, uint32 what, void *text, void *length)',
    ) as (descriptor: Handle, revision: number, what: number, text: Buffer, length: null) => boolean,
    GetNamedSecurityInfoW: func(
      advapi,
      'uint32 __stdcall GetNamedSecurityInfoW(str16 path, int type, uint32 what, void *owner, void *group, void *dacl, void *sacl, void *descriptor)',
    ) as (
      ...args: [
        ...[path: string, type: number, what: number, owner: null, group: null, dacl: null, sacl: null],
        descriptor: Buffer,
      ]
    ) => number,
    SetNamedSecurityInfoW: func(
      advapi,
      'uint32 __stdcall SetNamedSecurityInfoW(str16 path, int type, uint32 what, uintptr_t owner, void *group, uintptr_t dacl, void *sacl)',
    ) as (
      ...args: [
        ...[path: string, type: number, what: number, owner: Handle, group: null, dacl: Handle],
        sacl: null,
      ]
    ) => number,
    GetSecurityDescriptorOwner: func(
      advapi,
      'bool __stdcall GetSecurityDescriptorOwner(uintptr_t descriptor, void *owner, void *defaulted)',
    ) as (descriptor: Handle, owner: Buffer, defaulted: Buffer) => boolean,
    GetSecurityDescriptorDacl: func(
      advapi,
      'bool __stdcall GetSecurityDescriptorDacl(uintptr_t descriptor, void *present, void *dacl, void *defaulted)',
    ) as (descriptor: Handle, present: Buffer, dacl: Buffer, defaulted: Buffer) => boolean,
    CreateDirectoryW: func(kernel, 'bool __stdcall CreateDirectoryW(str16 path, void *attributes)') as (
      path: string,
      attributes: Buffer,
    ) => boolean,
    GetVolumeInformationW: func(
      kernel,
      'bool __stdcall GetVolumeInformationW(str16 root, void *name, uint32 nameSize, void *serial, void *component, void *flags, void *system, uint32 systemSize)',
    ) as (
      ...args: [
        ...[root: string, name: null, nameSize: number, serial: null, component: null, flags: Buffer],
        ...[system: null, systemSize: number],
      ]
    ) => boolean,
    GetModuleHandleW: func(kernel, 'uintptr_t __stdcall GetModuleHandleW(str16 name)') as (
      name: string,
    ) => Handle,
    GetProcAddress: func(
      kernel,
      'uintptr_t __stdcall GetProcAddress(uintptr_t module, const char *name)',
    ) as (module: Handle, name: string) => Handle,
    LocalFree: func(kernel, 'uintptr_t __stdcall LocalFree(uintptr_t memory)') as (memory: Handle) => Handle,
  };
}
