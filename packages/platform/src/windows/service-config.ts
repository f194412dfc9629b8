import { fromWide, fromWideList, wide, wideList } from './libraries.ts';

/** MSDN: QUERY_SERVICE_CONFIGW. */
export interface ServiceConfig {
  readonly startType: number;
  readonly imagePath: string;
  readonly dependencies: readonly string[];
  readonly account: string;
  readonly displayName: string;
}

/** MSDN: ChangeServiceConfig2, dwInfoLevel. */
export const ConfigLevel = {
  description: 1,
  failureActions: 2,
  delayedAutoStart: 3,
  failureActionsFlag: 4,
  serviceSid: 5,
  requiredPrivileges: 6,
  preshutdown: 7,
} as const;

/** MSDN: SC_ACTION. */
export interface FailureAction {
  readonly type: 'none' | 'restart';
  readonly delayMs: number;
}

/** MSDN: SERVICE_FAILURE_ACTIONS. */
export interface FailureActions {
  /** Seconds without a failure after which the count starts again. */
  readonly resetSeconds: number;
  readonly actions: readonly FailureAction[];
}

// All layouts are those of 64-bit Windows: pointers take 8 bytes and are aligned to them.

/** A structure as Windows fills it in: its pointers point into the same buffer, which lies at `address`. */
export function decodeServiceConfig(buffer: Buffer, address: bigint): ServiceConfig {
  const at = (offset: number) => offsetOf(buffer, offset, address);
  const text = (offset: number) => {
    const start = at(offset);
    return start === undefined ? '' : fromWide(buffer, start);
  };
  const dependencies = at(40);
  return {
    startType: buffer.readUInt32LE(4),
    imagePath: text(16),
    dependencies: dependencies === undefined ? [] : fromWideList(buffer, dependencies),
    account: text(48),
    displayName: text(56),
  };
}

/** SERVICE_DESCRIPTIONW: one pointer to a string. */
export function decodeText(buffer: Buffer, address: bigint): string {
  const start = offsetOf(buffer, 0, address);
  return start === undefined ? '' : fromWide(buffer, start);
}

/** SERVICE_REQUIRED_PRIVILEGES_INFOW: one pointer to a list. */
export function decodeTexts(buffer: Buffer, address: bigint): string[] {
  const start = offsetOf(buffer, 0, address);
  return start === undefined ? [] : fromWideList(buffer, start);
}

export function decodeFailureActions(buffer: Buffer, address: bigint): FailureActions {
  const start = offsetOf(buffer, 32, address);
  const count = start === undefined ? 0 : buffer.readUInt32LE(24);
  const actions = Array.from({ length: count }, (_, index): FailureAction => {
    const offset = (start ?? 0) + index * 8;
    return {
      type: buffer.readUInt32LE(offset) === 1 ? 'restart' : 'none',
      delayMs: buffer.readUInt32LE(offset + 4),
    };
  });
  return { resetSeconds: buffer.readUInt32LE(0), actions };
}

/** Turns a structure and what it points to into one buffer; `addressOf` tells where a buffer lies. */
type AddressOf = (buffer: Buffer) => bigint;

export function encodeText(text: string, addressOf: AddressOf): Buffer {
  return encodePointer(wide(text), addressOf);
}

export function encodeTexts(texts: readonly string[], addressOf: AddressOf): Buffer {
  return encodePointer(wideList(texts), addressOf);
}

function encodePointer(target: Buffer, addressOf: AddressOf): Buffer {
  const buffer = Buffer.alloc(8 + target.length);
  buffer.writeBigUInt64LE(addressOf(buffer) + 8n);
  target.copy(buffer, 8);
  return buffer;
}

export function encodeNumber(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

/** No actions is an empty list at a valid address: a null pointer would mean "leave them as they are". */
export function encodeFailureActions(
  { resetSeconds, actions }: FailureActions,
  addressOf: AddressOf,
): Buffer {
  const buffer = Buffer.alloc(40 + Math.max(1, actions.length) * 8);
  buffer.writeUInt32LE(resetSeconds, 0);
  buffer.writeUInt32LE(actions.length, 24);
  buffer.writeBigUInt64LE(addressOf(buffer) + 40n, 32);
  actions.forEach(({ type, delayMs }, index) => {
    buffer.writeUInt32LE(type === 'restart' ? 1 : 0, 40 + index * 8);
    buffer.writeUInt32LE(delayMs, 44 + index * 8);
  });
  return buffer;
}

function offsetOf(buffer: Buffer, offset: number, address: bigint): number | undefined {
  const pointer = buffer.readBigUInt64LE(offset);
  if (pointer === 0n) return undefined;
  const start = Number(pointer - address);
  return start >= 0 && start < buffer.length ? start : undefined;
}
