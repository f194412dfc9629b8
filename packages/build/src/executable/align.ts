/** The next multiple of `alignment` (a power of two or not) at or after `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** A 64-bit field that fits a double: file offsets and addresses of executables do. */
export function readU64(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

export function writeU64(bytes: Buffer, offset: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), offset);
}
