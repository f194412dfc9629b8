import { NtExecutable, NtExecutableResource } from 'pe-library';
import { Data, Resource } from 'resedit';
import { buildErrors } from '../errors.ts';
import { setFuse } from './fuse.ts';

/** What Windows shows on the "Details" page of the file. */
export interface VersionStrings {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Semantic version; its first three numbers become the file version. */
  readonly version: string;
  readonly company: string | undefined;
  readonly copyright: string | undefined;
  readonly fileName: string;
}

/** winuser.h: RT_RCDATA. */
const RT_RCDATA = 10;
/** winnt.h: IMAGE_SUBSYSTEM_WINDOWS_CUI: the service, and its commands in a console, need no window. */
const IMAGE_SUBSYSTEM_WINDOWS_CUI = 3;
const english = { lang: 1033, codepage: 1200 };
/** What Node asks FindResource for (src/node_sea.cc). */
const resourceName = 'NODE_SEA_BLOB';

/**
 * Puts the blob, version information and icon into the resources of node.exe in one rewrite, and leaves the
 * signature of Node's publisher out: it no longer matches, and a signer would find it in the middle of the file.
 * The time stamp stays that of node.exe; the checksum is set.
 *
 * @throws AppError BUILD_UNEXPECTED_RUNTIME, BUILD_BAD_ICON
 */
export function injectIntoPe(runtime: Buffer, blob: Buffer, strings: VersionStrings, icon: Buffer): Buffer[] {
  // Before the program is in the file: its text may well have the marker in it.
  const fused = Buffer.from(runtime);
  setFuse(fused);
  const executable = parse(fused);
  const resources = NtExecutableResource.from(executable);
  resources.replaceResourceEntry({
    type: RT_RCDATA,
    id: resourceName,
    lang: 0,
    codepage: 0,
    bin: exactBuffer(blob),
  });
  setVersion(resources, strings);
  setIcon(resources, icon);
  resources.outputResource(executable);
  executable.newHeader.optionalHeader.subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI;

  const file = Buffer.from(executable.generate());
  setChecksum(file);
  return [file];
}

function parse(runtime: Buffer): NtExecutable {
  try {
    return NtExecutable.from(runtime, { ignoreCert: true });
  } catch (cause) {
    throw buildErrors.error('BUILD_UNEXPECTED_RUNTIME', 'The Windows runtime is not a PE file', { cause });
  }
}

function setVersion(resources: NtExecutableResource, strings: VersionStrings): void {
  for (const { id, lang } of resources.entries.filter((entry) => entry.type === 16)) {
    resources.removeResourceEntry(16, id, lang);
  }
  const numbers = /^(\d+)\.(\d+)\.(\d+)/
    .exec(strings.version)
    ?.slice(1)
    .map((part) => Math.min(Number(part), 0xffff));
  const [major = 0, minor = 0, patch = 0] = numbers ?? [];
  const high = ((major << 16) | minor) >>> 0;
  const low = (patch << 16) >>> 0;
  const info = Resource.VersionInfo.create({
    lang: english.lang,
    fixedInfo: {
      fileVersionMS: high,
      fileVersionLS: low,
      productVersionMS: high,
      productVersionLS: low,
      fileFlagsMask: 0x3f,
      fileOS: 0x40004, // VOS_NT_WINDOWS32
      fileType: 1, // VFT_APP
    },
    strings: [],
  });
  info.setStringValues(english, {
    ...(strings.company === undefined ? {} : { CompanyName: strings.company }),
    FileDescription: strings.description,
    FileVersion: strings.version,
    InternalName: strings.name,
    ...(strings.copyright === undefined ? {} : { LegalCopyright: strings.copyright }),
    OriginalFilename: strings.fileName,
    ProductName: strings.displayName,
    ProductVersion: strings.version,
  });
  info.outputToResourceEntries(resources.entries);
}

function setIcon(resources: NtExecutableResource, icon: Buffer): void {
  const groups = Resource.IconGroupEntry.fromEntries(resources.entries);
  const group = groups[0];
  try {
    const images = Data.IconFile.from(exactBuffer(icon)).icons.map((image) => image.data);
    Resource.IconGroupEntry.replaceIconsForResource(
      resources.entries,
      group?.id ?? 1,
      group?.lang ?? english.lang,
      images,
    );
  } catch (cause) {
    throw buildErrors.error('BUILD_BAD_ICON', 'The icon cannot be read as an .ico file; convert it again', {
      cause,
    });
  }
}

/** A copy in an ArrayBuffer of its own: Node's Buffers often share one. */
function exactBuffer(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/**
 * The checksum of CheckSumMappedFile (imagehlp): the 16-bit words added with end-around carry, the checksum field
 * itself taken as zero, plus the length of the file.
 */
function setChecksum(file: Buffer): void {
  const field = file.readUInt32LE(0x3c) + 24 + 64;
  file.writeUInt32LE(0, field);
  file.writeUInt32LE(peChecksum(file), field);
}

/** The checksum of a file whose checksum field is zero. */
export function peChecksum(file: Buffer): number {
  const isAligned = file.byteOffset % 2 === 0;
  const bytes = isAligned ? file : Buffer.from(Uint8Array.from(file).buffer);
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  let sum = bytes.length % 2 === 1 ? (bytes.at(-1) ?? 0) : 0;
  // Fewer than 2^37 words of 16 bits stay exact in a double: carry once at the end.
  for (const word of words) sum += word;
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + (sum % 0x10000);
  return (sum + file.length) >>> 0;
}
