import { buildErrors } from '../errors.ts';
import { alignUp, readU64, writeU64 } from './align.ts';
import { readSections, writeSections } from './elf-sections.ts';
import { setFuse } from './fuse.ts';

/** System V gABI, "Program Header". */
const PT_LOAD = 1;
const PT_NOTE = 4;
const PT_PHDR = 6;
const PF_R = 4;
const headerBytes = 64;
const programHeaderBytes = 56;

/** Node looks for a note of this name (postject-api.h). */
const noteName = Buffer.from('NODE_SEA_BLOB\0', 'latin1');

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly align: number;
}

/**
 * Puts the blob into a Node executable as a note in a read-only segment of its own behind the last one, and leaves
 * out what is never loaded (symbol table, debug information: 33 MB of 150). Loaded bytes keep their place, so nothing
 * that the dynamic loader reads changes but the program header table, which moves to the new segment.
 *
 * The distance between file offset and address is the same as in the first segment: kernels before 5.18 compute the
 * address of the program headers from their offset.
 *
 * @returns the file as a sequence of parts
 * @throws AppError BUILD_UNEXPECTED_RUNTIME
 */
export function injectIntoElf(runtime: Buffer, blob: Buffer): Buffer[] {
  if (runtime.readUInt32BE(0) !== 0x7f454c46 || runtime[4] !== 2 || runtime[5] !== 1) {
    throw buildErrors.error('BUILD_UNEXPECTED_RUNTIME', 'The runtime is not a 64-bit little-endian ELF file');
  }
  const segments = readSegments(runtime);
  const loads = segments.filter((segment) => segment.type === PT_LOAD);
  const first = loads[0];
  if (first === undefined || first.offset !== 0) {
    throw buildErrors.error(
      'BUILD_UNEXPECTED_RUNTIME',
      'The first segment of the runtime does not begin the file',
    );
  }
  const bias = first.address;
  const loadedBytes = Math.max(...loads.map((segment) => segment.offset + segment.fileBytes));
  const memoryEnd = Math.max(...loads.map((segment) => segment.address + segment.memoryBytes));
  const pageBytes = Math.max(...loads.map((segment) => segment.align));
  const start = alignUp(Math.max(loadedBytes, memoryEnd - bias), pageBytes);

  const tableBytes = (segments.length + 2) * programHeaderBytes;
  const note = makeNote(blob);
  const noteOffset = alignUp(start + tableBytes, 16);
  const end = noteOffset + note.length;
  const table = makeTable(segments, {
    table: { offset: start, address: bias + start, fileBytes: tableBytes },
    load: { offset: start, address: bias + start, fileBytes: end - start, align: pageBytes },
    note: { offset: noteOffset, address: bias + noteOffset, fileBytes: note.length },
  });

  const head = Buffer.from(runtime.subarray(0, loadedBytes));
  setFuse(head);
  const sections = writeSections(readSections(runtime), end, {
    name: '.note.node.sea',
    address: bias + noteOffset,
    offset: noteOffset,
    bytes: note.length,
  });
  writeU64(head, 32, start);
  head.writeUInt16LE(segments.length + 2, 56);
  writeU64(head, 40, sections.tableOffset);
  head.writeUInt16LE(sections.count, 60);
  head.writeUInt16LE(sections.nameTableIndex, 62);

  const padding = Buffer.alloc(start - loadedBytes);
  const gap = Buffer.alloc(noteOffset - start - tableBytes);
  return [head, padding, table, gap, note, sections.content];
}

function readSegments(file: Buffer): Segment[] {
  const tableOffset = readU64(file, 32);
  const count = file.readUInt16LE(56);
  if (file.readUInt16LE(52) !== headerBytes || file.readUInt16LE(54) !== programHeaderBytes) {
    throw buildErrors.error(
      'BUILD_UNEXPECTED_RUNTIME',
      'The ELF headers of the runtime have an unknown size',
    );
  }
  return Array.from({ length: count }, (_, index) => {
    const at = tableOffset + index * programHeaderBytes;
    return {
      type: file.readUInt32LE(at),
      flags: file.readUInt32LE(at + 4),
      offset: readU64(file, at + 8),
      address: readU64(file, at + 16),
      fileBytes: readU64(file, at + 32),
      memoryBytes: readU64(file, at + 40),
      align: readU64(file, at + 48),
    };
  });
}

interface Place {
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly align?: number;
}

function makeTable(segments: readonly Segment[], places: { table: Place; load: Place; note: Place }): Buffer {
  const lastLoad = segments.findLastIndex((segment) => segment.type === PT_LOAD);
  const segment = (type: number, place: Place, align: number): Segment => ({
    type,
    flags: PF_R,
    align,
    offset: place.offset,
    address: place.address,
    fileBytes: place.fileBytes,
    memoryBytes: place.fileBytes,
  });
  const all = segments.flatMap((old, index): Segment[] => {
    if (old.type === PT_PHDR) return [segment(PT_PHDR, places.table, old.align)];
    // The gABI wants loadable segments in ascending order of address: ours is behind the last.
    return index === lastLoad ? [old, segment(PT_LOAD, places.load, places.load.align ?? 1)] : [old];
  });
  all.push(segment(PT_NOTE, places.note, 4));

  const table = Buffer.alloc(all.length * programHeaderBytes);
  all.forEach((entry, index) => {
    const at = index * programHeaderBytes;
    table.writeUInt32LE(entry.type, at);
    table.writeUInt32LE(entry.flags, at + 4);
    writeU64(table, at + 8, entry.offset);
    writeU64(table, at + 16, entry.address);
    writeU64(table, at + 24, entry.address);
    writeU64(table, at + 32, entry.fileBytes);
    writeU64(table, at + 40, entry.memoryBytes);
    writeU64(table, at + 48, entry.align);
  });
  return table;
}

function makeNote(blob: Buffer): Buffer {
  const nameBytes = alignUp(noteName.length, 4);
  const note = Buffer.alloc(12 + nameBytes + alignUp(blob.length, 4));
  note.writeUInt32LE(noteName.length, 0);
  note.writeUInt32LE(blob.length, 4);
  noteName.copy(note, 12);
  blob.copy(note, 12 + nameBytes);
  return note;
}
