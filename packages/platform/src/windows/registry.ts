import { Win32 } from './codes.ts';
import {
  boundOnce,
  fromWide,
  fromWideList,
  systemLibrary,
  wide,
  wideList,
  windowsError,
  type Handle,
  type Pointer,
} from './libraries.ts';

/** HKEY_LOCAL_MACHINE, sign-extended as the header has it. */
const localMachine = 0xffffffff80000002n;

/** MSDN: Registry Value Types. */
const types = { text: 1, expandable: 2, number: 4, list: 7 } as const;

export type RegistryValue =
  | { readonly type: 'text' | 'expandable'; readonly data: string }
  | { readonly type: 'number'; readonly data: number }
  | { readonly type: 'list'; readonly data: readonly string[] };

/** A value below HKEY_LOCAL_MACHINE; undefined when it or its key is not there. */
export function readRegistry(key: string, name: string): RegistryValue | undefined {
  const read = 0x20019;
  const handle = openKey(key, read);
  if (handle === undefined) return undefined;
  const native = functions();
  try {
    const type = Buffer.alloc(4);
    const size = Buffer.alloc(4);
    const code = native.RegQueryValueExW(handle, name, null, type, null, size);
    if (code === Win32.fileNotFound) return undefined;
    if (code !== Win32.success) throw windowsError('RegQueryValueExW', code, `${key}\\${name}`);
    // Two zeros more: what was stored need not be terminated.
    const data = Buffer.alloc(size.readUInt32LE() + 4);
    const again = native.RegQueryValueExW(handle, name, null, type, data, size);
    if (again !== Win32.success) throw windowsError('RegQueryValueExW', again, `${key}\\${name}`);
    return decode(type.readUInt32LE(), data);
  } finally {
    native.RegCloseKey(handle);
  }
}

/** Sets a value below HKEY_LOCAL_MACHINE, and makes its key if need be. */
export function writeRegistry(key: string, name: string, value: RegistryValue): void {
  const native = functions();
  const handle = Buffer.alloc(8);
  const write = 0x20006;
  const created = native.RegCreateKeyExW(localMachine, key, 0, null, 0, write, null, handle, null);
  if (created !== Win32.success) throw windowsError('RegCreateKeyExW', created, key);
  try {
    const data = encode(value);
    const opened = handle.readBigUInt64LE();
    const code = native.RegSetValueExW(opened, name, 0, types[value.type], data, data.length);
    if (code !== Win32.success) throw windowsError('RegSetValueExW', code, `${key}\\${name}`);
  } finally {
    native.RegCloseKey(handle.readBigUInt64LE());
  }
}

export function deleteRegistryValue(key: string, name: string): void {
  const handle = openKey(key, 0x20006);
  if (handle === undefined) return;
  const native = functions();
  const code = native.RegDeleteValueW(handle, name);
  native.RegCloseKey(handle);
  if (code !== Win32.success && code !== Win32.fileNotFound) {
    throw windowsError('RegDeleteValueW', code, `${key}\\${name}`);
  }
}

/** Removes a key with everything below it. */
export function deleteRegistryKey(key: string): void {
  const code = functions().RegDeleteTreeW(localMachine, key);
  if (code !== Win32.success && code !== Win32.fileNotFound) throw windowsError('RegDeleteTreeW', code, key);
}

export function hasRegistryKey(key: string): boolean {
  const handle = openKey(key, 0x20019);
  if (handle === undefined) return false;
  functions().RegCloseKey(handle);
  return true;
}

function openKey(key: string, access: number): Handle | undefined {
  const handle = Buffer.alloc(8);
  const code = functions().RegOpenKeyExW(localMachine, key, 0, access, handle);
  if (code === Win32.fileNotFound || code === Win32.pathNotFound) return undefined;
  if (code !== Win32.success) throw windowsError('RegOpenKeyExW', code, key);
  return handle.readBigUInt64LE();
}

function encode(value: RegistryValue): Buffer {
  if (value.type === 'list') return wideList(value.data);
  if (value.type !== 'number') return wide(value.data);
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value.data);
  return buffer;
}

function decode(type: number, data: Buffer): RegistryValue | undefined {
  switch (type) {
    case types.text:
      return { type: 'text', data: fromWide(data) };
    case types.expandable:
      return { type: 'expandable', data: fromWide(data) };
    case types.number:
      return { type: 'number', data: data.readUInt32LE() };
    case types.list:
      return { type: 'list', data: fromWideList(data) };
    default:
      return undefined;
  }
}

const functions = boundOnce(bind);

function bind() {
  const library = systemLibrary('advapi32');
  const func = (definition: string): unknown => library.func(definition);
  return {
    RegOpenKeyExW: func(
      'int32 __stdcall RegOpenKeyExW(uintptr_t root, str16 key, uint32 options, uint32 access, void *handle)',
    ) as (root: Handle, key: string, options: number, access: number, handle: Buffer) => number,
    RegCreateKeyExW: func(
      'int32 __stdcall RegCreateKeyExW(uintptr_t root, str16 key, uint32 reserved, str16 class_, uint32 options, uint32 access, void *security, void *handle, void *disposition)',
    ) as (
      ...args: [
        ...[root: Handle, key: string, reserved: number, class_: null, options: number, access: number],
        ...[security: null, handle: Buffer, disposition: null],
      ]
    ) => number,
    RegQueryValueExW: func(
      'int32 __stdcall RegQueryValueExW(uintptr_t key, str16 name, void *reserved, void *type, void *data, void *size)',
    ) as (key: Handle, name: string, reserved: null, type: Buffer, data: Pointer, size: Buffer) => number,
    RegSetValueExW: func(
      'int32 __stdcall RegSetValueExW(uintptr_t key, str16 name, uint32 reserved, uint32 type, void *data, uint32 size)',
    ) as (key: Handle, name: string, reserved: number, type: number, data: Buffer, size: number) => number,
    RegDeleteValueW: func('int32 __stdcall RegDeleteValueW(uintptr_t key, str16 name)') as (
      key: Handle,
      name: string,
    ) => number,
    RegDeleteTreeW: func('int32 __stdcall RegDeleteTreeW(uintptr_t root, str16 key)') as (
      root: Handle,
      key: string,
    ) => number,
    RegCloseKey: func('int32 __stdcall RegCloseKey(uintptr_t key)') as (key: Handle) => number,
  };
}
