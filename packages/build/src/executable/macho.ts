import { buildErrors } from '../errors.ts';
import { alignUp, readU64, writeU64 } from './align.ts';
import { setFuse } from './fuse.ts';
import { addSegmentToFixups, fixupsGrowthBytes } from './macho-fixups.ts';
import { adHocSignature, signatureBytes } from './macho-signature.ts';

/** <mach-o/loader.h>. */
const MH_MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_SYMTAB = 0x2;
const LC_DYSYMTAB = 0xb;
const LC_CODE_SIGNATURE = 0x1d;
const LC_DYLD_CHAINED_FIXUPS = 0x80000034;
/** Commands of the form linkedit_data_command: an offset at 8, a size at 12. */
const linkeditDataCommands = new Set([
  0x1e, // LC_SEGMENT_SPLIT_INFO
  0x26, // LC_FUNCTION_STARTS
  0x29, // LC_DATA_IN_CODE
  0x2b, // LC_DYLIB_CODE_SIGN_DRS
  0x2e, // LC_LINKER_OPTIMIZATION_HINT
  0x80000033, // LC_DYLD_EXPORTS_TRIE
  LC_DYLD_CHAINED_FIXUPS,
]);
const headerBytes = 32;
const segmentBytes = 72;
const sectionBytes = 80;
/** Apple Silicon's page; a multiple of Intel's. */
const pageBytes = 0x4000;

/** What Node asks getsectdata(3) for (src/node_sea.cc). */
const segmentName = 'NODE_SEA';
const sectionName = '__NODE_SEA_BLOB';

interface Command {
  readonly type: number;
  readonly at: number;
  readonly bytes: number;
}

/**
 * Puts the blob into a Node executable as a read-only segment before __LINKEDIT, which must stay the last, drops the
 * signature of Node's publisher (it no longer matches) and signs the result ad hoc: Apple Silicon does not start
 * unsigned code.
 *
 * @param identifier names the program in its code signature
 * @returns the file as a sequence of parts
 * @throws AppError BUILD_UNEXPECTED_RUNTIME
 */
export function injectIntoMachO(runtime: Buffer, blob: Buffer, identifier: string): Buffer[] {
  if (runtime.readUInt32LE(0) !== MH_MAGIC_64) throw unexpected('is not a 64-bit Mach-O file');
  const commands = readCommands(runtime);
  const linkedit = findSegment(runtime, commands, '__LINKEDIT');
  const text = findSegment(runtime, commands, '__TEXT');
  const signature = commands.find((command) => command.type === LC_CODE_SIGNATURE);
  if (linkedit === undefined || text === undefined || signature === undefined) {
    throw unexpected('lacks a __TEXT or __LINKEDIT segment or a code signature');
  }
  const linkeditOffset = readU64(runtime, linkedit.at + 40);
  const oldSignatureAt = runtime.readUInt32LE(signature.at + 8);
  if (oldSignatureAt + runtime.readUInt32LE(signature.at + 12) !== runtime.length) {
    throw unexpected('has something behind its code signature');
  }

  const shift = alignUp(blob.length, pageBytes);
  const head = Buffer.from(runtime.subarray(0, linkeditOffset));
  setFuse(head);
  const tail = linkeditContent(runtime, commands, linkedit, contentEnd(runtime, commands, oldSignatureAt));
  const codeBytes = alignUp(linkeditOffset + shift + tail.bytes.length, 16);
  const newSignatureBytes = signatureBytes(codeBytes, identifier);
  const linkeditBytes = codeBytes + newSignatureBytes - linkeditOffset - shift;

  for (const command of commands) {
    moveCommand(head, command, (offset) => offset + shift + (offset > tail.grownAt ? tail.grownBytes : 0));
  }
  const fixups = commands.find((command) => command.type === LC_DYLD_CHAINED_FIXUPS);
  if (fixups !== undefined)
    head.writeUInt32LE(head.readUInt32LE(fixups.at + 12) + tail.grownBytes, fixups.at + 12);
  head.writeUInt32LE(codeBytes, signature.at + 8);
  head.writeUInt32LE(newSignatureBytes, signature.at + 12);
  writeU64(head, linkedit.at + 24, readU64(head, linkedit.at + 24) + shift);
  writeU64(head, linkedit.at + 32, alignUp(linkeditBytes, pageBytes));
  writeU64(head, linkedit.at + 40, linkeditOffset + shift);
  writeU64(head, linkedit.at + 48, linkeditBytes);
  insertSegment(head, commands, linkedit, {
    address: readU64(runtime, linkedit.at + 24),
    offset: linkeditOffset,
    bytes: blob.length,
    paddedBytes: shift,
  });

  const blobPadding = Buffer.alloc(shift - blob.length);
  const tailPadding = Buffer.alloc(codeBytes - linkeditOffset - shift - tail.bytes.length);
  const code = [head, blob, blobPadding, tail.bytes, tailPadding];
  const executable = { offset: readU64(head, text.at + 40), bytes: readU64(head, text.at + 48) };
  return [...code, adHocSignature(code, identifier, executable)];
}

function readCommands(file: Buffer): Command[] {
  const commands: Command[] = [];
  let at = headerBytes;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const bytes = file.readUInt32LE(at + 4);
    commands.push({ type: file.readUInt32LE(at), at, bytes });
    at += bytes;
  }
  return commands;
}

function findSegment(file: Buffer, commands: readonly Command[], name: string): Command | undefined {
  return commands.find(
    ({ type, at }) =>
      type === LC_SEGMENT_64 && file.toString('latin1', at + 8, at + 24).replace(/\0+$/, '') === name,
  );
}

/** The end of the string table, the last thing before the signature and up to 15 bytes of padding. */
function contentEnd(runtime: Buffer, commands: readonly Command[], signatureAt: number): number {
  const symbols = commands.find((command) => command.type === LC_SYMTAB);
  if (symbols === undefined) return signatureAt;
  const end = runtime.readUInt32LE(symbols.at + 16) + runtime.readUInt32LE(symbols.at + 20);
  return end <= signatureAt && signatureAt - end < 16 ? end : signatureAt;
}

interface LinkeditContent {
  readonly bytes: Buffer;
  /** Where the content became longer, as an offset in the runtime, and by how much. */
  readonly grownAt: number;
  readonly grownBytes: number;
}

/** What __LINKEDIT holds besides the signature, with the fixups knowing of the added segment. */
function linkeditContent(
  runtime: Buffer,
  commands: readonly Command[],
  linkedit: Command,
  contentEnds: number,
): LinkeditContent {
  const start = readU64(runtime, linkedit.at + 40);
  const fixups = commands.find((command) => command.type === LC_DYLD_CHAINED_FIXUPS);
  if (fixups === undefined)
    return { bytes: runtime.subarray(start, contentEnds), grownAt: start, grownBytes: 0 };
  const at = runtime.readUInt32LE(fixups.at + 8);
  const end = at + runtime.readUInt32LE(fixups.at + 12);
  const segments = commands.filter((command) => command.type === LC_SEGMENT_64);
  const grown = addSegmentToFixups(runtime.subarray(at, end), segments.indexOf(linkedit));
  const bytes = Buffer.concat([runtime.subarray(start, at), grown, runtime.subarray(end, contentEnds)]);
  return { bytes, grownAt: at, grownBytes: fixupsGrowthBytes };
}

/** Corrects each offset into __LINKEDIT. An offset of 0 says that there is nothing. */
function moveCommand(head: Buffer, command: Command, moved: (offset: number) => number): void {
  const fields =
    command.type === LC_SYMTAB
      ? [8, 16]
      : command.type === LC_DYSYMTAB
        ? [32, 40, 48, 56, 64, 72]
        : linkeditDataCommands.has(command.type)
          ? [8]
          : command.type === 0x22 || command.type === 0x80000022
            ? [8, 16, 24, 32, 40] // LC_DYLD_INFO(_ONLY)
            : [];
  for (const field of fields) {
    const offset = head.readUInt32LE(command.at + field);
    if (offset !== 0) head.writeUInt32LE(moved(offset), command.at + field);
  }
}

function insertSegment(
  head: Buffer,
  commands: readonly Command[],
  before: Command,
  place: { address: number; offset: number; bytes: number; paddedBytes: number },
): void {
  const added = segmentBytes + sectionBytes;
  const end = headerBytes + head.readUInt32LE(20);
  if (end + added > firstContent(head, commands)) throw unexpected('has no room for another load command');
  head.copyWithin(before.at + added, before.at, end);

  const command = Buffer.alloc(added);
  command.writeUInt32LE(LC_SEGMENT_64, 0);
  command.writeUInt32LE(added, 4);
  command.write(segmentName, 8, 'latin1');
  writeU64(command, 24, place.address);
  writeU64(command, 32, place.paddedBytes);
  writeU64(command, 40, place.offset);
  writeU64(command, 48, place.paddedBytes);
  command.writeUInt32LE(1, 56); // VM_PROT_READ
  command.writeUInt32LE(1, 60);
  command.writeUInt32LE(1, 64); // one section
  command.write(sectionName, segmentBytes, 'latin1');
  command.write(segmentName, segmentBytes + 16, 'latin1');
  writeU64(command, segmentBytes + 32, place.address);
  writeU64(command, segmentBytes + 40, place.bytes);
  command.writeUInt32LE(place.offset, segmentBytes + 48);
  command.copy(head, before.at);
  head.writeUInt32LE(head.readUInt32LE(16) + 1, 16);
  head.writeUInt32LE(end + added - headerBytes, 20);
}

/** The file offset at which the first section begins: load commands must end before it. */
function firstContent(head: Buffer, commands: readonly Command[]): number {
  let first = head.length;
  for (const { type, at } of commands) {
    if (type !== LC_SEGMENT_64) continue;
    for (let index = 0; index < head.readUInt32LE(at + 64); index++) {
      const offset = head.readUInt32LE(at + segmentBytes + index * sectionBytes + 48);
      if (offset > 0) first = Math.min(first, offset);
    }
  }
  return first;
}

function unexpected(what: string): Error {
  return buildErrors.error('BUILD_UNEXPECTED_RUNTIME', `The macOS runtime ${what}`);
}
