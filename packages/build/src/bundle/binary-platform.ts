import type { TargetPlatform } from '../targets.ts';

/** ELF e_machine, PE Machine, Mach-O cputype. */
const elfMachines: Readonly<Record<number, 'x64' | 'arm64'>> = { 0x3e: 'x64', 0xb7: 'arm64' };
const peMachines: Readonly<Record<number, 'x64' | 'arm64'>> = { 0x8664: 'x64', 0xaa64: 'arm64' };
const machoTypes: Readonly<Record<number, 'x64' | 'arm64'>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' };

/** The platforms that a shared library is for, from its header: several for a universal Mach-O file, none if unknown. */
export function binaryPlatform(file: Buffer): TargetPlatform[] {
  if (file.length < 64) return [];
  const magic = file.readUInt32BE(0);
  if (magic === 0x7f454c46) return one('linux', elfMachines[file.readUInt16LE(18)]);
  if (magic === 0xcffaedfe) return one('darwin', machoTypes[file.readUInt32LE(4)]);
  if (magic === 0xcafebabe) {
    const count = Math.min(file.readUInt32BE(4), 8);
    return Array.from({ length: count }, (_, index) => 8 + index * 20)
      .filter((at) => at + 4 <= file.length)
      .flatMap((at) => one('darwin', machoTypes[file.readUInt32BE(at)]));
  }
  if (file.readUInt16BE(0) === 0x4d5a) {
    const at = file.readUInt32LE(0x3c);
    if (at + 6 <= file.length && file.readUInt32BE(at) === 0x50450000)
      return one('win32', peMachines[file.readUInt16LE(at + 4)]);
  }
  return [];
}

function one(platform: TargetPlatform['platform'], arch: 'x64' | 'arm64' | undefined): TargetPlatform[] {
  return arch === undefined ? [] : [{ platform, arch }];
}
