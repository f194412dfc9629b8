import { readU64 } from '../executable/align.ts';

/** System V gABI, "Program Header" and "Dynamic Section". */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const programHeaderBytes = 56;

/** What the dynamic loader has to find for an ELF file. */
export interface DynamicInfo {
  /** e_machine */
  readonly machine: number;
  /** Absolute path of the loader that an executable names. */
  readonly interpreter: string | undefined;
  /** Names of shared libraries, as in the file. */
  readonly needed: readonly string[];
}

/** Reads the dynamic section of a 64-bit little-endian ELF file; undefined if the file is none. */
export function readDynamicInfo(file: Buffer): DynamicInfo | undefined {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    return undefined;
  const tableOffset = readU64(file, 32);
  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = tableOffset + index * programHeaderBytes;
    return {
      type: file.readUInt32LE(at),
      offset: readU64(file, at + 8),
      address: readU64(file, at + 16),
      bytes: readU64(file, at + 32),
    };
  });
  const textAt = (offset: number): string => file.toString('utf8', offset, file.indexOf(0, offset));
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);

  const nameOffsets: number[] = [];
  let stringsAddress = 0;
  if (dynamic !== undefined) {
    for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
      const tag = readU64(file, at);
      if (tag === DT_NULL) break;
      if (tag === DT_NEEDED) nameOffsets.push(readU64(file, at + 8));
      if (tag === DT_STRTAB) stringsAddress = readU64(file, at + 8);
    }
  }
  const home = segments.find(
    ({ type, address, bytes }) =>
      type === PT_LOAD && stringsAddress >= address && stringsAddress < address + bytes,
  );
  const strings = home === undefined ? 0 : stringsAddress - home.address + home.offset;
  return {
    machine: file.readUInt16LE(18),
    interpreter: interpreter === undefined ? undefined : textAt(interpreter.offset),
    needed: nameOffsets.map((offset) => textAt(strings + offset)),
  };
}
