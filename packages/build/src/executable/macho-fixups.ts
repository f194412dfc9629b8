import { buildErrors } from '../errors.ts';

/** Keeps what follows aligned to 8 bytes, though one entry has only 4. */
export const fixupsGrowthBytes = 8;

/**
 * Adds a segment without fixups to the chained fixups (<mach-o/fixup-chains.h>): dyld refuses an image whose
 * `seg_count` is not its number of segments.
 *
 * @param fixups content of LC_DYLD_CHAINED_FIXUPS
 * @param segmentIndex index of the added segment
 * @returns the content, {@link fixupsGrowthBytes} longer
 */
export function addSegmentToFixups(fixups: Buffer, segmentIndex: number): Buffer {
  const startsOffset = fixups.readUInt32LE(4);
  const segmentCount = fixups.readUInt32LE(startsOffset);
  const entriesAt = startsOffset + 4;
  const insertAt = entriesAt + segmentIndex * 4;
  const entriesEnd = entriesAt + segmentCount * 4;
  const importsOffset = fixups.readUInt32LE(8);
  const symbolsOffset = fixups.readUInt32LE(12);
  if (segmentIndex > segmentCount || importsOffset < entriesEnd || symbolsOffset < entriesEnd) {
    throw buildErrors.error(
      'BUILD_UNEXPECTED_RUNTIME',
      'The chained fixups of the macOS runtime have an unknown layout',
    );
  }
  const grown = Buffer.concat([
    fixups.subarray(0, insertAt),
    Buffer.alloc(4), // offset 0: no fixups in this segment
    fixups.subarray(insertAt, entriesEnd),
    Buffer.alloc(fixupsGrowthBytes - 4),
    fixups.subarray(entriesEnd),
  ]);
  grown.writeUInt32LE(importsOffset + fixupsGrowthBytes, 8);
  grown.writeUInt32LE(symbolsOffset + fixupsGrowthBytes, 12);
  grown.writeUInt32LE(segmentCount + 1, startsOffset);
  for (let index = 0; index <= segmentCount; index++) {
    const at = entriesAt + index * 4;
    const offset = grown.readUInt32LE(at);
    if (offset !== 0) grown.writeUInt32LE(offset + fixupsGrowthBytes, at);
  }
  return grown;
}
