import { createHash } from 'node:crypto';

/** <kern/cs_blobs.h>. A signature is big-endian. */
const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade0c02;
const CS_SUPPORTSEXECSEG = 0x20400;
const CS_ADHOC = 0x2;
const CS_LINKER_SIGNED = 0x20000;
const CS_HASHTYPE_SHA256 = 2;
const CS_EXECSEG_MAIN_BINARY = 1;
const superBlobBytes = 12 + 8;
const directoryBytes = 88;
const hashBytes = 32;
/** The signature hashes pages of this size, whatever the hardware's page is. */
const signedPageBytes = 4096;

/** Size of the signature of `codeBytes` bytes of code. */
export function signatureBytes(codeBytes: number, identifier: string): number {
  return superBlobBytes + hashesAt(identifier) + Math.ceil(codeBytes / signedPageBytes) * hashBytes;
}

function hashesAt(identifier: string): number {
  return directoryBytes + Buffer.byteLength(identifier) + 1;
}

/**
 * An ad-hoc code signature as Apple's linker writes one (a CodeDirectory and nothing else; no certificate): it says
 * that the pages are unchanged, not who made them. `codesign` replaces it without `--force`.
 *
 * @param code the file up to the signature, in parts
 * @param executable place of the __TEXT segment in the file
 */
export function adHocSignature(
  code: readonly Buffer[],
  identifier: string,
  executable: { offset: number; bytes: number },
): Buffer {
  const codeBytes = code.reduce((total, part) => total + part.length, 0);
  const hashes = pageHashes(code);
  const start = superBlobBytes;
  const directory = hashesAt(identifier) + hashes.length;
  const signature = Buffer.alloc(start + directory);

  signature.writeUInt32BE(CSMAGIC_EMBEDDED_SIGNATURE, 0);
  signature.writeUInt32BE(signature.length, 4);
  signature.writeUInt32BE(1, 8); // one blob: slot 0, the code directory
  signature.writeUInt32BE(start, 16);

  signature.writeUInt32BE(CSMAGIC_CODEDIRECTORY, start);
  signature.writeUInt32BE(directory, start + 4);
  signature.writeUInt32BE(CS_SUPPORTSEXECSEG, start + 8);
  signature.writeUInt32BE(CS_ADHOC | CS_LINKER_SIGNED, start + 12);
  signature.writeUInt32BE(hashesAt(identifier), start + 16);
  signature.writeUInt32BE(directoryBytes, start + 20);
  signature.writeUInt32BE(hashes.length / hashBytes, start + 28);
  signature.writeUInt32BE(codeBytes, start + 32);
  signature.writeUInt8(hashBytes, start + 36);
  signature.writeUInt8(CS_HASHTYPE_SHA256, start + 37);
  signature.writeUInt8(Math.log2(signedPageBytes), start + 39);
  signature.writeBigUInt64BE(BigInt(executable.offset), start + 64);
  signature.writeBigUInt64BE(BigInt(executable.bytes), start + 72);
  signature.writeBigUInt64BE(BigInt(CS_EXECSEG_MAIN_BINARY), start + 80);
  signature.write(`${identifier}\0`, start + directoryBytes);
  hashes.copy(signature, start + hashesAt(identifier));
  return signature;
}

/** SHA-256 of each page of the concatenated parts; the last page may be short. */
function pageHashes(parts: readonly Buffer[]): Buffer {
  const hashes: Buffer[] = [];
  let page = createHash('sha256');
  let room = signedPageBytes;
  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + room);
      page.update(piece);
      at += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      hashes.push(page.digest());
      page = createHash('sha256');
      room = signedPageBytes;
    }
  }
  if (room < signedPageBytes) hashes.push(page.digest());
  return Buffer.concat(hashes);
}
