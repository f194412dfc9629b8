import type { LibraryHandle } from 'koffi';
import { platformErrors } from '../errors.ts';
import { ffi } from '../ffi/index.ts';

/** Anything a Windows function takes for `void *`: a buffer, an address, or nothing. */
export type Pointer = Buffer | bigint | number | null;
/** HANDLE, SC_HANDLE, HKEY. 0 is none. */
export type Handle = number | bigint;

const libraries = new Map<string, LibraryHandle>();

/** A system library, by its full path: nothing beside the executable can take its place. */
export function systemLibrary(name: 'advapi32' | 'kernel32' | 'user32'): LibraryHandle {
  let library = libraries.get(name);
  if (!library) {
    library = ffi().load(`${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\${name}.dll`);
    libraries.set(name, library);
  }
  return library;
}

/** A library's functions, bound by the first call: a module can be loaded where there is no such library. */
export function boundOnce<Functions>(bind: () => Functions): () => Functions {
  let bound: Functions | undefined;
  return () => (bound ??= bind());
}

/** MSDN: GetLastError; koffi keeps the value of the last call for us. */
export function lastError(): number {
  return getLastError()();
}

const getLastError = boundOnce(
  () => systemLibrary('kernel32').func('uint32 __stdcall GetLastError()') as () => number,
);

/** The error of a Windows function that failed, with its code in `details.code`. */
export function windowsError(call: string, code: number, about?: string): Error {
  const what = about === undefined ? call : `${call} for ${about}`;
  return platformErrors.error('WINDOWS_CALL_FAILED', `${what} failed with Windows error ${code}`, {
    details: { call, code },
  });
}

/** Zero-terminated UTF-16, as every `W` function wants it. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}

/** REG_MULTI_SZ and lists of names: each zero-terminated, and one more zero at the end. */
export function wideList(items: readonly string[]): Buffer {
  return Buffer.from(`${items.map((item) => `${item}\0`).join('')}\0`, 'utf16le');
}

/** The first string of a buffer, up to its zero. */
export function fromWide(buffer: Buffer, offset = 0): string {
  let end = offset;
  while (end + 1 < buffer.length && buffer.readUInt16LE(end) !== 0) end += 2;
  return buffer.toString('utf16le', offset, end);
}

export function fromWideList(buffer: Buffer, offset = 0): string[] {
  const items: string[] = [];
  for (let at = offset; at + 1 < buffer.length;) {
    const item = fromWide(buffer, at);
    if (item === '') break;
    items.push(item);
    at += (item.length + 1) * 2;
  }
  return items;
}
