import { alignUp, readU64, writeU64 } from './align.ts';

/** System V gABI, "Sections". */
const SHT_STRTAB = 3;
const SHT_NOTE = 7;
const SHF_ALLOC = 2n;
const SHF_INFO_LINK = 0x40n;
const sectionHeaderBytes = 64;

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entryBytes: number;
}

export function readSections(file: Buffer): Section[] {
  const tableOffset = readU64(file, 40);
  const count = file.readUInt16LE(60);
  const namesAt = readU64(file, tableOffset + file.readUInt16LE(62) * sectionHeaderBytes + 24);
  return Array.from({ length: count }, (_, index) => {
    const at = tableOffset + index * sectionHeaderBytes;
    const nameAt = namesAt + file.readUInt32LE(at);
    return {
      name: file.toString('latin1', nameAt, file.indexOf(0, nameAt)),
      type: file.readUInt32LE(at + 4),
      flags: file.readBigUInt64LE(at + 8),
      address: readU64(file, at + 16),
      offset: readU64(file, at + 24),
      bytes: readU64(file, at + 32),
      link: file.readUInt32LE(at + 40),
      info: file.readUInt32LE(at + 44),
      align: readU64(file, at + 48),
      entryBytes: readU64(file, at + 56),
    };
  });
}

export interface WrittenSections {
  /** Section names and section header table, to be put at the offset that was asked for. */
  readonly content: Buffer;
  readonly tableOffset: number;
  readonly count: number;
  readonly nameTableIndex: number;
}

/**
 * Section headers for what is left after stripping: the loaded sections and the program's own note. The loader does
 * not read them; debuggers, profilers and virus scanners do.
 */
export function writeSections(
  sections: readonly Section[],
  offset: number,
  note: { name: string; address: number; offset: number; bytes: number },
): WrittenSections {
  const keptIndexes = sections.flatMap((section, index) =>
    index === 0 || (section.flags & SHF_ALLOC) !== 0n ? [index] : [],
  );
  const newIndex = new Map(keptIndexes.map((old, index) => [old, index]));
  const kept = keptIndexes.flatMap((index): Section[] => {
    const section = sections[index];
    if (section === undefined) return [];
    const hasInfoLink = (section.flags & SHF_INFO_LINK) !== 0n;
    return [
      {
        ...section,
        link: newIndex.get(section.link) ?? 0,
        info: hasInfoLink ? (newIndex.get(section.info) ?? 0) : section.info,
      },
    ];
  });
  const plain = { link: 0, info: 0, entryBytes: 0 };
  kept.push({ ...plain, ...note, type: SHT_NOTE, flags: SHF_ALLOC, align: 4 });
  const names = nameTable([...kept.map((section) => section.name), '.shstrtab']);
  kept.push({
    ...plain,
    name: '.shstrtab',
    type: SHT_STRTAB,
    flags: 0n,
    address: 0,
    offset,
    bytes: names.bytes.length,
    align: 1,
  });

  const tableOffset = alignUp(offset + names.bytes.length, 8);
  const content = Buffer.alloc(tableOffset - offset + kept.length * sectionHeaderBytes);
  names.bytes.copy(content);
  kept.forEach((section, index) => {
    const at = tableOffset - offset + index * sectionHeaderBytes;
    content.writeUInt32LE(names.at.get(section.name) ?? 0, at);
    content.writeUInt32LE(section.type, at + 4);
    content.writeBigUInt64LE(section.flags, at + 8);
    writeU64(content, at + 16, section.address);
    writeU64(content, at + 24, section.offset);
    writeU64(content, at + 32, section.bytes);
    content.writeUInt32LE(section.link, at + 40);
    content.writeUInt32LE(section.info, at + 44);
    writeU64(content, at + 48, section.align);
    writeU64(content, at + 56, section.entryBytes);
  });
  return { content, tableOffset, count: kept.length, nameTableIndex: kept.length - 1 };
}

function nameTable(names: readonly string[]): { bytes: Buffer; at: Map<string, number> } {
  let text = '\0';
  const at = new Map<string, number>([['', 0]]);
  for (const name of names) {
    if (at.has(name)) continue;
    at.set(name, text.length);
    text += `${name}\0`;
  }
  return { bytes: Buffer.from(text, 'latin1'), at };
}
