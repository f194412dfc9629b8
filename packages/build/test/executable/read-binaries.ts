import assert from 'node:assert/strict';

/** Readers of their own, written from the format descriptions, so that writer and test do not share a mistake. */

/** Content of the note of that name, found as Node finds it: through the program headers. */
export function readElfNote(file: Buffer, name: string): Buffer {
  const table = Number(file.readBigUInt64LE(32));
  for (let index = 0; index < file.readUInt16LE(56); index++) {
    const at = table + index * 56;
    if (file.readUInt32LE(at) !== 4) continue;
    let note = Number(file.readBigUInt64LE(at + 8));
    const end = note + Number(file.readBigUInt64LE(at + 32));
    while (note < end) {
      const nameBytes = file.readUInt32LE(note);
      const contentBytes = file.readUInt32LE(note + 4);
      const contentAt = note + 12 + Math.ceil(nameBytes / 4) * 4;
      if (file.toString('latin1', note + 12, note + 12 + nameBytes - 1) === name)
        return file.subarray(contentAt, contentAt + contentBytes);
      note = contentAt + Math.ceil(contentBytes / 4) * 4;
    }
  }
  throw new Error(`No note ${name}`);
}

interface MachOSegment {
  readonly name: string;
  readonly address: number;
  readonly memoryBytes: number;
  readonly offset: number;
  readonly fileBytes: number;
}

function loadCommands(file: Buffer): { type: number; at: number }[] {
  assert.equal(file.readUInt32LE(0), 0xfeedfacf);
  let at = 32;
  const commands = Array.from({ length: file.readUInt32LE(16) }, () => {
    const command = { type: file.readUInt32LE(at), at };
    at += file.readUInt32LE(at + 4);
    return command;
  });
  assert.equal(at, 32 + file.readUInt32LE(20));
  return commands;
}

export function readMachOSegments(file: Buffer): { segments: MachOSegment[]; fixupSegments: number } {
  const commands = loadCommands(file);
  const segments = commands
    .filter(({ type }) => type === 0x19)
    .map(({ at }) => ({
      name: file.toString('latin1', at + 8, at + 24).replaceAll('\0', ''),
      address: Number(file.readBigUInt64LE(at + 24)),
      memoryBytes: Number(file.readBigUInt64LE(at + 32)),
      offset: Number(file.readBigUInt64LE(at + 40)),
      fileBytes: Number(file.readBigUInt64LE(at + 48)),
    }));
  const fixups = commands.find(({ type }) => type === 0x80000034);
  assert.ok(fixups);
  const header = file.readUInt32LE(fixups.at + 8);
  return { segments, fixupSegments: file.readUInt32LE(header + file.readUInt32LE(header + 4)) };
}

export function readCodeDirectory(file: Buffer): {
  signatureOffset: number;
  identifier: string;
  flags: number;
  codeLimit: number;
  hashes: Buffer[];
} {
  const signature = loadCommands(file).find(({ type }) => type === 0x1d);
  assert.ok(signature);
  const signatureOffset = file.readUInt32LE(signature.at + 8);
  assert.equal(signatureOffset + file.readUInt32LE(signature.at + 12), file.length);
  assert.equal(file.readUInt32BE(signatureOffset), 0xfade0cc0);
  assert.equal(file.readUInt32BE(signatureOffset + 4), file.length - signatureOffset);
  const directory = signatureOffset + file.readUInt32BE(signatureOffset + 16);
  assert.equal(file.readUInt32BE(directory), 0xfade0c02);
  const hashesAt = directory + file.readUInt32BE(directory + 16);
  const identifierAt = directory + file.readUInt32BE(directory + 20);
  const count = file.readUInt32BE(directory + 28);
  return {
    signatureOffset,
    flags: file.readUInt32BE(directory + 12),
    identifier: file.toString('utf8', identifierAt, file.indexOf(0, identifierAt)),
    codeLimit: file.readUInt32BE(directory + 32),
    hashes: Array.from({ length: count }, (_, index) =>
      file.subarray(hashesAt + index * 32, hashesAt + index * 32 + 32),
    ),
  };
}
