import { ffi } from '../ffi/index.ts';
import { systemLibrary, wide, type Handle, type Pointer } from './libraries.ts';

/** MSDN: ReportEvent, wType. */
const eventTypes = { error: 1, warning: 2, information: 4 } as const;
/** EventCreate.exe, the message file of our event sources, has texts for 1–1000 that consist of the first string. */
const eventId = 1;

/**
 * Writes one entry to the Application log; for what cannot be logged any other way. Never throws: a log that is full
 * or forbidden must not change what happens next.
 */
export function reportEvent(source: string, type: keyof typeof eventTypes, message: string): void {
  try {
    const advapi = systemLibrary('advapi32');
    const register = advapi.func('uintptr_t __stdcall RegisterEventSourceW(str16 server, str16 source)') as (
      server: null,
      source: string,
    ) => Handle;
    const report = advapi.func(
      'bool __stdcall ReportEventW(uintptr_t log, uint16 type, uint16 category, uint32 id, void *sid, uint16 count, uint32 size, void *strings, void *data)',
    ) as (
      log: Handle,
      type: number,
      category: number,
      id: number,
      sid: null,
      count: number,
      size: number,
      strings: Pointer,
      data: null,
    ) => boolean;
    const deregister = advapi.func('bool __stdcall DeregisterEventSource(uintptr_t log)') as (
      log: Handle,
    ) => boolean;
    const log = register(null, source);
    if (!log) return;
    const text = wide(message);
    const strings = Buffer.alloc(8);
    strings.writeBigUInt64LE(ffi().address(text));
    report(log, eventTypes[type], 0, eventId, null, 1, 0, strings, null);
    deregister(log);
  } catch {
    // Nothing is left to tell it to.
  }
}
